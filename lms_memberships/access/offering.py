"""What does the paywall offer where tiers are sold? All of them side by side, with what each adds (V31)."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import get_language

from .. import clock
from ..memberships.ladder_models import Ladder
from ..payments import connect
from ..subscriptions import tiers as holding_tiers
from .words import Person

if TYPE_CHECKING:
    from ..memberships.models import Membership
    from .policy import Decision

Offers = list[tuple["Membership", str]]


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
