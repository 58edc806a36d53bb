"""What may this student choose from? The offer with every price that is sold openly, and the one they chose (X10)."""

from django.conf import settings
from django.utils.translation import get_language

from .. import clock
from ..memberships import selling
from ..memberships.models import Membership, Price
from ..memberships.offers import Offer, offer, with_choices
from ..payments import connect


def offer_to(membership: Membership, *, wish: int | None, trial_days: int | None) -> Offer:
    """The offer of what they wish for, or of the first price; with the choices, if there are several.

    ``wish`` is the pk of a price, as the browser says it: one that is not sold openly is as good as none.
    """
    now, language = clock.now(), get_language() or settings.LANGUAGE_CODE
    sold = _sold(membership)
    chosen = _chosen(sold, wish)
    if chosen is None:
        return offer(membership, now=now, language=language, trial_days=trial_days)
    shown = offer(membership, now=now, language=language, trial_days=trial_days, way=chosen.way)
    if len(sold) < 2:
        return shown
    rows = [(each.way, each.price.pk) for each in sold]
    return with_choices(shown, rows, chosen=chosen.price.pk, now=now, language=language, trial_days=trial_days)


def price_for(membership: Membership, *, wish: int | None) -> Price | None:
    """The price behind that offer; None: Stripe has confirmed none."""
    chosen = _chosen(_sold(membership), wish)
    return chosen.price if chosen is not None else None


def _sold(membership: Membership) -> tuple[selling.Sold, ...]:
    connection = connect.current()
    return selling.open_to_all(selling.sold(membership, connection)) if connection is not None else ()


def _chosen(sold: tuple[selling.Sold, ...], wish: int | None) -> selling.Sold | None:
    return selling.choose(sold, wish) or selling.choose(sold, None)
