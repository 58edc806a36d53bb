"""What does the paywall offer? Not what the reader holds already; tiers side by side, with what each adds (V31)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import get_language

from .. import clock
from ..memberships.ladder_models import Ladder
from ..payments import connect
from ..subscriptions import tiers as holding_tiers
from ..subscriptions.instead import Instead, instead_of_buying
from .reasons import Reason
from .words import Person

if TYPE_CHECKING:
    from ..memberships.models import Membership
    from .policy import Decision

Offers = list[tuple["Membership", str]]


@dataclass(frozen=True)
class HeldBy:
    """What the reader has of the memberships that would help, so that these are not offered to them."""

    #: By the membership's number.
    of_each: dict[int, Instead]
    #: Instead of the decision's own: its first payment is on its way, and nobody should join again.
    sentence: str = ""
    #: The one that rests, and goes on at a press.
    continue_pk: int | None = None


def held_by(user: Person, decision: "Decision") -> HeldBy:
    """A constant number of queries, and none for a visitor."""
    titles = {offer.pk: offer.title for offer in decision.offers}
    decided = decision.holding
    if decided is not None:
        titles.setdefault(decided.membership_id, decided.title)
    found = instead_of_buying(user, titles, now=clock.now())  # noqa: TID251 - for the gate
    own = found.get(decided.membership_id) if decided is not None and decision.reason is Reason.PAUSED else None
    waiting = [each.sentence for each in found.values() if each.is_on_its_way]
    return HeldBy(
        {pk: each for pk, each in found.items() if pk in decision.membership_ids},
        sentence=waiting[0] if waiting and decision.reason in OUTDATED else "",
        continue_pk=own.to_continue.pk if own is not None and own.to_continue is not None else None,
    )


#: Reasons that know nothing of a payment of which only its page is known.
OUTDATED = frozenset({Reason.JOIN, Reason.UPGRADE, Reason.ENDED, Reason.TRIAL_ENDED})


def tiers(decision: "Decision", user: Person, offers: Offers) -> dict[str, object]:
    """For the template: the ladder with the lowest of the offers, and the offers that are not on it."""
    ladder = Ladder.objects.filter(is_on=True, tiers__membership__in=decision.membership_ids).order_by("pk").first()
    if ladder is None:
        return {}
    shown = holding_tiers.upsell(
        ladder,
        user,
        connection=connect.current(),
        now=clock.now(),  # noqa: TID251 - for the gate
        language=get_language() or settings.LANGUAGE_CODE,
    )
    if shown is None:
        return {}
    on_it = {tier.offer.membership.pk for tier in shown.tiers}
    return {"upsell": shown, "offers": [(offer, price) for offer, price in offers if offer.pk not in on_it]}
