"""Which tier does a student hold, and what would the others give them? The content of the upsell page (V31, V50)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import QuerySet
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from ..bundles.models import Item
from ..errors import Refusal
from ..memberships import ladders
from ..memberships.ladder_models import Ladder
from ..memberships.models import Membership
from ..memberships.offers import Offer, offer, sorted_by_kind
from ..payments.connect import Connection
from ..safe_html import as_safe
from . import trials
from .holding import AlreadyMember
from .models import Checkout, Subscription
from .queries import CheckoutQuerySet

#: Whoever asks; strangers are told of everything but hold nothing.
Reader = AbstractBaseUser | AnonymousUser


class OtherTier(AlreadyMember):
    """Of a ladder a student holds one: a second would be paid beside the first."""

    message = _("You have “%(held)s” already. Change it to “%(wanted)s” instead of buying a second membership.")


class OtherPageIsOpen(Refusal):
    """Two windows, two tiers, one moment."""

    message = _("Another of these memberships is being paid for just now, and nothing was charged. Please try again.")


#: V46: what Stripe does not bill through us cannot be changed by a click.
OUTSIDE = _(
    "Your membership “%(title)s” is not paid through this site, so it cannot be changed to another one here. "
    "Please write to us."
)


@dataclass(frozen=True)
class TierShown:
    """One column of the page."""

    offer: Offer
    is_held: bool
    #: The next lower one on the page, all of which is contained too.
    contains: str
    #: What comes on top of that, by kind.
    adds: tuple[tuple[str | Promise, tuple[Item, ...]], ...]
    #: Where its button leads; empty: it has none.
    url: str
    #: Whether it is held already in another tier, so that the button changes instead of selling.
    is_change: bool
    is_higher: bool


@dataclass(frozen=True)
class Upsell:
    """The page: its own title, text and video, and the tiers side by side."""

    ladder: Ladder
    tiers: tuple[TierShown, ...]
    held: Subscription | None
    #: Why what is held cannot be changed here; empty: it can.
    outside: str

    @property
    def title(self) -> str:
        return self.ladder.upsell_title or self.ladder.title

    @property
    def text(self) -> str:
        """Clean HTML, rendered when the ladder was saved."""
        return as_safe(self.ladder.upsell_html)


def upsell(
    ladder: Ladder, user: Reader, *, connection: Connection | None, now: datetime, language: str
) -> Upsell | None:
    """None: there is nothing to choose from. A constant number of queries."""
    # What was once published is contained still, also where it is not sold any more.
    every = Membership.objects.ever_published().filter(tier__ladder=ladder.pk).with_contents()
    memberships = list(every.order_by("tier__sort_order", "pk"))
    on_sale = set(Membership.objects.on_sale(connection).filter(tier__ladder=ladder.pk).values_list("pk", flat=True))
    held = held_of(ladder, user, now=now)
    shown = [each for each in memberships if each.pk in on_sale or (held and each.pk == held.membership_id)]
    # Whoever holds one changes it, and a change begins no trial.
    days = {} if held else trials.days_for(user, shown)
    offers = [
        offer(each, now=now, language=language, trial_days=days.get(each.pk, 0))
        for each in shown
        if each.price is not None
    ]
    if not offers:
        return None
    outside = str(OUTSIDE) % {"title": held.membership.title} if held and not is_changeable(held) else ""
    tiers = tuple(_tiers(offers, memberships, held, on_sale, language))
    return Upsell(ladder=ladder, tiers=tiers, held=held, outside=outside)


def held_of(ladder: Ladder, user: Reader, *, now: datetime) -> Subscription | None:
    """What they hold of it now; the highest, should it be several."""
    if not user.is_authenticated:
        return None
    return _held(user, now).filter(membership__tier__ladder=ladder.pk).order_by("-membership__tier__sort_order").first()


def billed_other_tier(membership: Membership, user: Reader, *, now: datetime) -> Subscription | None:
    """Another tier of the same ladder that they pay for again and again: with this one, they would pay twice. One query.

    Not simply the highest that they hold: that may be given, beside a lower one that is paid.
    """
    if not user.is_authenticated:
        return None
    others = _held(user, now).filter(membership__tier__ladder__is_on=True)
    others = others.filter(membership__tier__ladder__tiers__membership=membership.pk).exclude(membership=membership.pk)
    return next((each for each in others.order_by("-membership__tier__sort_order") if is_changeable(each)), None)


def refuse_another_tier(user: Reader, membership: Membership, *, now: datetime) -> None:
    """Raise OtherTier for who holds another one and should change instead."""
    held = billed_other_tier(membership, user, now=now)
    if held is not None:
        raise OtherTier(str(OtherTier.message) % {"held": held.membership.title, "wanted": membership.title})


def attempts_elsewhere(user_id: int, membership_id: int) -> CheckoutQuerySet:
    """Payment pages of this person for other tiers of the same ladder, not over as far as we know."""
    others = Checkout.objects.running().filter(user_id=user_id, membership__tier__ladder__is_on=True)
    others = others.filter(membership__tier__ladder__tiers__membership=membership_id).exclude(membership=membership_id)
    return others.select_related("membership", "price")


def refuse_two_pages(draft: Checkout) -> None:
    """Raise OtherPageIsOpen if another tier's page was opened since we looked. Under the person's lock."""
    if attempts_elsewhere(draft.user_id, draft.membership_id).exists():
        raise OtherPageIsOpen


def is_changeable(subscription: Subscription) -> bool:
    """Billed at Stripe, again and again: only then is there something to change (V46)."""
    return bool(subscription.is_recurring and subscription.stripe_id and subscription.paid_up_at is None)


def change_url(subscription: Subscription, wanted: Membership) -> str:
    """The page that changes one to the other; a site that has taken it away shows the membership instead."""
    try:
        page = reverse("lms_memberships:switch", args=[subscription.pk])
    except NoReverseMatch:
        return wanted.get_absolute_url()
    return f"{page}?{urlencode({'to': wanted.slug})}"


def page_url(ladder: Ladder) -> str:
    return reverse("lms_memberships:tiers", args=[ladder.pk])


def contained_titles(membership: Membership) -> list[str]:
    """The titles of the tiers that it contains, the lowest first."""
    lower = Membership.objects.ever_published().filter(pk__in=ladders.below([membership.pk]))
    return list(lower.order_by("tier__sort_order").values_list("title", flat=True))


def _held(user: AbstractBaseUser, now: datetime) -> QuerySet[Subscription]:
    """Not whoever has a place alone: one that is kept, for one that rests or has lapsed, is nothing to change (V48)."""
    mine = Subscription.objects.of(user)
    return (mine.held(now) | mine.giving_access(now)).select_related("membership")


def _tiers(
    offers: list[Offer], memberships: list[Membership], held: Subscription | None, on_sale: set[int], language: str
) -> Iterator[TierShown]:
    """Every column says what it adds to the one before; items of tiers without a column go into the next one."""
    waiting: list[Item] = []
    told: set[int] = set()
    by_pk = {each.membership.pk: each for each in offers}
    contains, is_higher = "", held is None
    for membership in memberships:
        rows = [row.item for row in membership.bundle_items.all() if row.item_id not in told]
        told.update(item.pk for item in rows)
        waiting += rows
        is_held = held is not None and held.membership_id == membership.pk
        if membership.pk in by_pk:
            is_change = held is not None and is_changeable(held)
            yield TierShown(
                offer=by_pk[membership.pk],
                is_held=is_held,
                contains=contains,
                adds=sorted_by_kind(waiting, language),
                url="" if is_held or membership.pk not in on_sale else _button(membership, held),
                is_change=is_change,
                is_higher=is_higher,
            )
            contains, waiting = membership.title, []
        is_higher = is_higher or is_held


def _button(membership: Membership, held: Subscription | None) -> str:
    if held is None:
        return membership.get_absolute_url()
    return change_url(held, membership) if is_changeable(held) else ""
