"""What becomes of the credit of a pause when somebody cancels? Said before the press, and after it (X14)."""

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from ..errors import OutsideFailure, Refusal
from ..money import Money, format_money
from ..payments.gateway import SubscriptionStatus
from ..subscriptions import contracts, kept_credit
from ..subscriptions.models import Subscription
from .declaring import gateway_or_none

#: Whether tax is added to it.
CREDITED: dict[bool, str | Promise] = {
    False: gettext_lazy(
        "%(credit)s was credited to you when it was paused, for time that you paid and did not use. That stays yours: it "
        "goes to your balance here, and is taken off your next payments for memberships that renew."
    ),
    True: gettext_lazy(
        "%(credit)s, and the tax on it, was credited to you when it was paused, for time that you paid and did not use. "
        "That stays yours: it goes to your balance here, and is taken off your next payments for memberships that renew."
    ),
}
UNKNOWN = gettext_lazy(
    "What was credited to you when it was paused, for time that you paid and did not use, stays yours: it goes to your "
    "balance here, and is taken off your next payments for memberships that renew. How much it is cannot be said just now."
)
#: The same money would be theirs twice.
NOT_KEPT = gettext_lazy(
    "What you paid for it went back to you, or was disputed at your bank: if you cancel now, what was credited to you when "
    "it was paused is not kept."
)
IN_PAYMENT = gettext_lazy(
    "You asked to continue, and the payment for that waits for you. If you cancel, that payment is called off."
)


def foretold(request: HttpRequest, subscription: Subscription) -> str:
    """For the page that asks. Empty: it does not rest, or nothing was put aside."""
    if subscription.status != SubscriptionStatus.PAUSED or subscription.opened_at is None:
        return ""
    gateway = gateway_or_none(request)
    try:
        if gateway is None:
            return str(NOT_KEPT if contracts.is_money_back(subscription) else UNKNOWN)
        payment = kept_credit.payment_in(gateway.read_subscription(subscription.stripe_id))
        if payment is not None:
            # With its tax, as it goes to the balance.
            credit = gateway.credit_taken_off(payment.id)
            return f"{IN_PAYMENT} {_credited(subscription, credit, is_taxed=False)}".strip()
        waiting = kept_credit.waiting(subscription, gateway=gateway)
    except (OutsideFailure, Refusal):
        return str(NOT_KEPT if contracts.is_money_back(subscription) else UNKNOWN)
    return "" if waiting is None else _credited(subscription, waiting.money, is_taxed=waiting.is_taxed)


def _credited(subscription: Subscription, credit: Money | None, *, is_taxed: bool) -> str:
    if credit is None:
        return ""
    if contracts.is_money_back(subscription):
        return str(NOT_KEPT)
    return str(CREDITED[is_taxed]) % {"credit": format_money(credit, get_language() or "en")}


def told(subscription: Subscription) -> str:
    """What was kept for whoever has cancelled. Empty: nothing."""
    kept = kept_credit.of(subscription)
    if kept is None:
        return ""
    text = _("%(credit)s is on your balance here now, and is taken off your next payments for memberships that renew.")
    return text % {"credit": format_money(kept, get_language() or "en")}
