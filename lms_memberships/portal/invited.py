"""What does the page of an invitation show? The membership, what the invitation makes of its price, and until when."""

from datetime import datetime

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language

from .. import clock
from ..errors import Refusal
from ..memberships import promotions, selling
from ..memberships.invitation_models import InvitationLink
from ..memberships.models import Membership
from ..memberships.offers import offer
from ..memberships.promotion_words import discount_text
from ..payments import connect
from ..subscriptions import checkout
from . import purchase_credit, waiting
from .people import student_of


def is_on_sale(link: InvitationLink) -> bool:
    return Membership.objects.on_sale(connect.current()).filter(pk=link.membership_id).exists()


def shown_to(request: HttpRequest, link: InvitationLink) -> dict[str, object]:
    """For the template. Raises NotOnSale or PriceHasChanged where there is nothing to be had."""
    now, language = clock.now(), get_language() or settings.LANGUAGE_CODE
    connection = connect.current()
    membership = Membership.objects.on_sale(connection).with_contents().filter(pk=link.membership_id).first()
    if membership is None or connection is None:
        raise checkout.NotOnSale
    way = None
    if not link.is_free:
        chosen = selling.choose(selling.sold(membership, connection), link.price_id)
        if chosen is None:
            raise PriceIsGone
        way = chosen.way
    trial_days = None
    if request.user.is_authenticated:
        trial_days = checkout.trial_days_for(student_of(request), membership)
    code = link.promotion_code
    shown = offer(membership, now=now, language=language, trial_days=trial_days, way=way)
    return {
        "link": link,
        "membership": membership,
        "offer": shown,
        "purchase_credit": "" if link.is_free else purchase_credit.said(request, membership, shown),
        # As our copy has it: Stripe is asked when the button is pressed, and by nobody who only looks.
        "discount": discount_text(code, language) if code is not None and _holds(link, now) else "",
        "free_until": _last_day(link.free_until(now)) if link.is_free else None,
        "last_day": _last_day(link.expires_at),
        **waiting.place_of(request, membership),
    }


class PriceIsGone(Refusal):
    """Its price is sold no more, under any name."""

    message = checkout.NotOnSale.message


def _holds(link: InvitationLink, now: datetime) -> bool:
    code, price = link.promotion_code, link.price
    return code is not None and price is not None and promotions.why_not(code, price, now=now) is None


def _last_day(moment: datetime | None) -> object:
    return promotions.last_day_of(moment) if moment is not None else None
