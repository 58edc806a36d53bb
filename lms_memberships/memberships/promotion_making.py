"""How does a creator make a promotion code, and end it? At Stripe, once, whatever happens in between."""

from dataclasses import dataclass
from datetime import date
from uuid import NAMESPACE_URL, UUID, uuid5

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from ..errors import Refusal
from ..money import Money
from ..payments import intents
from ..payments.connect import Connection
from ..payments.gateway import Gateway
from ..payments.models import Intent
from ..payments.promotions import CodeRequest, CodeSnapshot, CouponRequest
from . import promotions
from .models import Membership, Price
from .promotion_models import PromotionCode

#: Without 0 and O, 1 and I: people read codes aloud and copy them from paper.
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
#: 32 to the power of 10: nobody guesses that at thirty tries an hour (S36).
LENGTH = 10
METADATA = {"lmsm": "promotion"}


class CodeTaken(Refusal):
    message = _("There is an active code with these letters already. Retire it first, or choose other letters.")


class OtherCurrency(Refusal):
    """A discount in dollars cannot be taken off a price in euros (H6)."""

    message = _("The amount is in another currency than the price. Choose the currency of the memberships.")


@dataclass(frozen=True)
class Draft:
    """A code as the creator wants it. ``token`` is the form's: the same form sent twice makes one code."""

    token: str
    code: str
    name: str
    percent_off: int | None
    money_off: Money | None
    duration: str
    months: int | None
    memberships: tuple[Membership, ...]
    max_redemptions: int | None
    last_day: date | None
    first_time_only: bool


def letters_of(token: UUID) -> str:
    """A code that nobody can guess, from a form's token: 122 bits of the system's own chance, of which it shows 50."""
    number = token.int
    letters = []
    for _number in range(LENGTH):
        number, place = divmod(number, len(LETTERS))
        letters.append(LETTERS[place])
    return "".join(letters)


def sellable(gateway: "Gateway | Connection") -> QuerySet[Membership]:
    """What a code can be for: memberships that Stripe knows."""
    known = prices_at(gateway).filter(membership=OuterRef("pk"))
    return Membership.objects.filter(Exists(known)).order_by("title", "pk")


def prices_at(gateway: "Gateway | Connection") -> QuerySet[Price]:
    return Price.objects.filter(
        account=gateway.account_id, livemode=gateway.livemode, confirmed_at__isnull=False
    ).exclude(product_id="")


def make(draft: Draft, *, gateway: Gateway) -> PromotionCode:
    """Make the coupon and its code at Stripe, and note them here. Raises CodeTaken, OtherCurrency, a GatewayFailure."""
    prices = prices_at(gateway)
    if draft.memberships:
        prices = prices.filter(membership__in=draft.memberships)
    refuse_other_currency(draft, prices)
    products = sorted(set(prices.values_list("product_id", flat=True))) if draft.memberships else []
    coupon = _coupon(draft, tuple(products))
    taken = gateway.find_code(draft.code)
    # Of ours, made by an earlier press of the same button, it is the one that is asked for.
    if taken is not None and taken.is_active and taken.coupon_id != coupon.id:
        raise CodeTaken
    _make_coupon(coupon, gateway)
    return promotions.record(_make_code(draft, coupon, gateway), gateway=gateway)


def refuse_other_currency(draft: Draft, prices: QuerySet[Price]) -> None:
    """An amount can only be taken off prices in its own currency: of every membership that it is for, or of any (H6)."""
    if draft.money_off is None:
        return
    fitting = prices.filter(currency=draft.money_off.currency)
    wanted = set(prices.values_list("membership_id", flat=True)) if draft.memberships else set()
    if not fitting.exists() or wanted - set(fitting.values_list("membership_id", flat=True)):
        raise OtherCurrency


def retire(code: PromotionCode, *, gateway: Gateway) -> PromotionCode:
    """Nobody can use it any more. Discounts that were given go on, as Stripe has it."""
    snapshot = intents.carry_out(
        purpose="retire_code",
        subject=code.stripe_id,
        parameters={"code": code.stripe_id},
        gateway=gateway,
        call=lambda key: gateway.retire_code(code.stripe_id, key=key),
        result_id=lambda retired: retired.id,
        find=lambda: _find_retired(code.stripe_id, gateway),
    )
    return promotions.record(snapshot, gateway=gateway)


def find_coupon(intent: Intent, gateway: Gateway) -> str | None:
    return gateway.find_coupon(str(intent.parameters["id"]))


def find_code(intent: Intent, gateway: Gateway) -> str | None:
    found = gateway.find_code_of(str(intent.parameters["coupon"]))
    return found.id if found is not None else None


def find_retired(intent: Intent, gateway: Gateway) -> str | None:
    found = _find_retired(str(intent.parameters["code"]), gateway)
    return found.id if found is not None else None


def _find_retired(code_id: str, gateway: Gateway) -> CodeSnapshot | None:
    found = gateway.read_code(code_id)
    return None if found.is_active else found


def _coupon(draft: Draft, products: tuple[str, ...]) -> CouponRequest:
    wanted = [draft.code, draft.percent_off, draft.money_off, draft.duration, draft.months, products]
    # A form that was corrected and sent again asks for another coupon.
    name = f"{draft.token}:{wanted}:{draft.max_redemptions}:{draft.last_day}:{draft.first_time_only}"
    return CouponRequest(
        id=f"lmsm_{uuid5(NAMESPACE_URL, name).hex}",
        name=draft.name or draft.code[:40],
        percent_off=draft.percent_off,
        amount_off=draft.money_off,
        duration=draft.duration,
        months=draft.months,
        products=products,
        metadata=METADATA,
    )


def _make_coupon(request: CouponRequest, gateway: Gateway) -> None:
    intents.carry_out(
        purpose="coupon",
        subject=request.id,
        parameters={"id": request.id},
        gateway=gateway,
        call=lambda key: gateway.create_coupon(request, key=key),
        result_id=str,
        find=lambda: gateway.find_coupon(request.id),
    )


def _make_code(draft: Draft, coupon: CouponRequest, gateway: Gateway) -> CodeSnapshot:
    request = CodeRequest(
        coupon_id=coupon.id,
        code=draft.code,
        max_redemptions=draft.max_redemptions,
        expires_at=promotions.end_of(draft.last_day) if draft.last_day else None,
        first_time_only=draft.first_time_only,
        metadata=METADATA,
    )
    return intents.carry_out(
        purpose="promotion_code",
        subject=coupon.id,
        parameters={"coupon": coupon.id, "code": request.code},
        gateway=gateway,
        call=lambda key: gateway.create_code(request, key=key),
        result_id=lambda made: made.id,
        find=lambda: gateway.find_code_of(coupon.id),
    )
