"""How does a creator give a discount to somebody who is a member already? A code is put on, or taken off, at Stripe."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from ..errors import Refusal
from ..memberships import promotions
from ..memberships.promotion_models import PromotionCode
from ..payments import intents
from ..payments.gateway import Gateway
from ..payments.models import Intent
from . import codes
from .models import Subscription
from .queries import BILLED


class NothingToTakeOff(Refusal):
    message = _("Nothing is charged for this subscription any more: there is nothing to take a discount off.")


class NotForThisMembership(Refusal):
    message = _("This code is for other memberships.")


def put_on(subscription: Subscription, code: PromotionCode, *, gateway: Gateway, now: datetime) -> None:
    """From the next payment on. It takes the place of any discount there. Stripe's own limits hold (J4)."""
    if not subscription.is_recurring or subscription.status not in BILLED:
        raise NothingToTakeOff
    if code.products and not subscription.membership.prices.filter(product_id__in=code.products).exists():
        raise NotForThisMembership
    codes.refuse_used_up(code, now=now)
    subscription_id, code_id = subscription.stripe_id, code.stripe_id

    def put(key: str) -> str:
        gateway.put_code_on(subscription_id, code_id, key=key)
        return subscription_id

    intents.carry_out(
        purpose="put_code_on",
        subject=f"{subscription_id}:{code_id}",
        parameters={"subscription": subscription_id, "code": code_id},
        gateway=gateway,
        call=put,
        result_id=str,
        find=lambda: _put_on(subscription_id, code_id, gateway),
    )
    promotions.follow(code_id, gateway=gateway)


def take_off(subscription: Subscription, *, gateway: Gateway) -> None:
    """The full price again from the next payment on."""
    subscription_id = subscription.stripe_id

    def take(key: str) -> str:
        gateway.take_discounts_off(subscription_id, key=key)
        return subscription_id

    intents.carry_out(
        purpose="take_discounts_off",
        subject=subscription_id,
        parameters={"subscription": subscription_id},
        gateway=gateway,
        call=take,
        result_id=str,
        find=lambda: _taken_off(subscription_id, gateway),
    )


def find_put_on(intent: Intent, gateway: Gateway) -> str | None:
    return _put_on(str(intent.parameters["subscription"]), str(intent.parameters["code"]), gateway)


def find_taken_off(intent: Intent, gateway: Gateway) -> str | None:
    return _taken_off(str(intent.parameters["subscription"]), gateway)


def _put_on(subscription_id: str, code_id: str, gateway: Gateway) -> str | None:
    return _planned(subscription_id, code_id, gateway) if code_id in gateway.codes_on(subscription_id) else None


def _taken_off(subscription_id: str, gateway: Gateway) -> str | None:
    return None if gateway.codes_on(subscription_id) else _planned(subscription_id, "none", gateway)


def _planned(subscription_id: str, what: str, gateway: Gateway) -> str:
    """It was written on the subscription. Whoever wrote that may have died before its plan said the same (V10, V19)."""
    gateway.plan_discounts(subscription_id, key=f"lmsm:plan_discounts:{subscription_id}:{what}")
    return subscription_id
