"""May these memberships be the tiers of a ladder? What must hold of them, said so that a creator can mend it (V28)."""

from collections.abc import Iterable, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..errors import Refusal
from .ladder_models import Ladder, Tier
from .models import Membership
from .ways import Way, shown, ways

FEWEST, MOST = 2, 12


class NoLadder(Refusal):
    """``problems``: one sentence each."""

    message = gettext_lazy("These memberships cannot be tiers.")

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(" ".join(self.problems))


def problems(memberships: Sequence[Membership], *, is_on: bool, ladder: Ladder | None = None) -> list[str]:
    """What speaks against it; nothing: they can be the tiers of ``ladder``, or of a new one. Two queries at most.

    A draft without a price does not know yet what it will cost: it is asked again when it is published.
    """
    found = list(_repetitions(memberships)) + list(_taken(memberships, ladder))
    if is_on and len(memberships) < FEWEST:
        found.append(_("Multiple tiers need two memberships at least. Add another one, or switch them off."))
    if len(memberships) > MOST:
        found.append(_("A ladder has %(most)d tiers at most.") % {"most": MOST})
    for membership in memberships:
        found += _unfit(membership)
    if not _share_a_currency(memberships):
        found.append(str(NO_COMMON_CURRENCY))
    return found


def problems_of(membership: Membership) -> list[str]:
    """For a version that is to be published: whether it still fits the ladder that it is on."""
    if membership.pk is None:
        return []
    tier = Tier.objects.filter(membership=membership.pk, ladder__is_on=True).first()
    if tier is None:
        return []
    others = Membership.objects.filter(tier__ladder=tier.ladder_id).exclude(pk=membership.pk)
    found = _unfit(membership)
    if not _share_a_currency([membership, *others.prefetch_related("price_options")]):
        found.append(str(NO_COMMON_CURRENCY))
    return found


NO_COMMON_CURRENCY = gettext_lazy(
    "The tiers have no currency in common, so nobody could change from each to each: give all of them a price in one."
)


def _repetitions(memberships: Sequence[Membership]) -> Iterable[str]:
    seen: set[int] = set()
    for membership in memberships:
        if membership.pk in seen:
            yield _("“%(title)s” is there twice.") % {"title": membership.title}
        seen.add(membership.pk)


def _taken(memberships: Sequence[Membership], ladder: Ladder | None) -> Iterable[str]:
    others = Tier.objects.filter(membership__in=[one.pk for one in memberships]).select_related("ladder", "membership")
    for tier in others.exclude(ladder=ladder.pk if ladder else None).order_by("pk"):
        names = {"title": tier.membership.title, "ladder": tier.ladder.title}
        yield _("“%(title)s” is a tier of “%(ladder)s” already. A membership is in one ladder only.") % names


def _unfit(membership: Membership) -> list[str]:
    """Changing a tier changes what is paid next: there must be a next payment, for as long as it is held."""
    if all(_renews(way) for way in shown(ways(membership))):
        return []
    words = _("“%(title)s” can be paid once or in instalments: the prices of a tier must renew. Hide the others.")
    return [words % {"title": membership.title}]


def _share_a_currency(memberships: Iterable[Membership]) -> bool:
    offered = [[way for way in shown(ways(each)) if _renews(way)] for each in memberships]
    currencies = [{way.money.currency for way in each} for each in offered if each]
    return not currencies or bool(set.intersection(*currencies))


def _renews(way: Way) -> bool:
    return way.is_recurring and not way.instalments
