"""What happens when a person fills in the hosted checkout page."""

from __future__ import annotations

from ..billing import discounts
from ..outcomes import Outcome, OutcomeKind
from ..payments import cards, debits, intents, methods
from ..payments.cards import Card, Decline
from ..payments.intents import Verdict
from ..resources import orders
from ..store import Object
from ..work import Work, new_id
from . import completing

BALANCE_USED_UP = "The credit was used for something else meanwhile. Look at the new amount, then confirm."
USED_UP = "This promotion code cannot be used any more. Look at the new amount, then confirm."
OUTCOMES: dict[str, OutcomeKind] = {"paid": "paid", "unpaid": "processing", "no_payment_required": "started"}


def apply_code(unit: Work, session: Object, code: str) -> str | None:
    """None when the code holds, else why not. An empty code takes it off."""
    customer = unit.find("customer", session["customer"])
    if not code.strip():
        _put_coupons(unit, session, [])
        return None
    found = _find_code(unit, code.strip(), customer)
    if found is None or not session["allow_promotion_codes"]:
        return "This code is invalid."
    refusal = discounts.why_not(unit, found, customer=customer)
    if refusal:
        return refusal
    subtotal = sum(each["amount_subtotal"] for each in session["_items"])
    chosen = [{"coupon": found["promotion"]["coupon"], "promotion_code": found["id"]}]
    refusal = discounts.why_not_here(unit, chosen, subtotal=subtotal, currency=session["currency"])
    if refusal:
        return refusal
    before = session["_coupons"]
    _put_coupons(unit, session, chosen)
    if not _takes_something(unit, session):
        _put_coupons(unit, session, before)
        return "This code does not apply to what you are buying."
    return None


def _find_code(unit: Work, code: str, customer: Object | None) -> Object | None:
    fitting = unit.all(
        "promotion_code",
        lambda each: (
            each["code"].lower() == code.lower() and each["customer"] in (None, customer["id"] if customer else None)
        ),
    )
    return next((each for each in fitting if each["active"]), None)


def _put_coupons(unit: Work, session: Object, chosen: list[Object]) -> None:
    session["_coupons"] = chosen
    session["discounts"] = [
        {"coupon": None if each["promotion_code"] else each["coupon"], "promotion_code": each["promotion_code"]}
        for each in chosen
    ]
    orders.total_up(unit, session)


def _takes_something(unit: Work, session: Object) -> bool:
    if session["total_details"]["amount_discount"]:
        return True
    coupon = unit.get("coupon", session["_coupons"][0]["coupon"])
    products = coupon.get("applies_to", {}).get("products")
    return not products or any(each["price"]["product"] in products for each in session["_items"])


def pay(unit: Work, session: Object, *, email: str, name: str, card: Card) -> Outcome:
    wrong = cards.refuse_card(card, now=unit.now)
    if wrong is not None:
        return declined(session, wrong)
    method = methods.create(unit, card, email=email, name=name)
    return _confirm(unit, session, method, email=email, name=name)


def pay_by_debit(unit: Work, session: Object, *, email: str, name: str, iban: str) -> Outcome:
    """The person is done at once; the money comes later, or does not."""
    read = debits.read_iban(iban)
    if isinstance(read, Decline):
        return declined(session, read)
    if "sepa_debit" not in session["payment_method_types"]:
        return Outcome("declined", message="Bank debits are not possible here.")
    method = methods.create_debit(unit, read, email=email, name=name)
    return _confirm(unit, session, method, email=email, name=name)


def _confirm(unit: Work, session: Object, method: Object, *, email: str, name: str) -> Outcome:
    if _drop_what_is_used_up(unit, session):
        return Outcome("declined", message=USED_UP)
    intent = _intent(unit, session)
    verdict = intents.confirm(unit, intent, method, "present")
    if verdict == "authenticate":
        return _send_to_bank(unit, session, intent, method, email=email, name=name)
    return settle(unit, session, intent, method, verdict, email=email, name=name)


def settle(  # noqa: PLR0913 - all that is known of one payment
    unit: Work, session: Object, intent: Object, method: Object, verdict: Verdict, *, email: str, name: str
) -> Outcome:
    if isinstance(verdict, Decline):
        return declined(session, verdict)
    if intent["object"] == "setup_intent" and orders.due_today(unit, session):
        return declined(session, Decline("balance_changed", BALANCE_USED_UP))
    completing.complete(unit, session, email=email, name=name, method=method, intent=intent)
    return over(unit, session)


def start_without_card(unit: Work, session: Object, *, email: str, name: str) -> Outcome:
    if (
        session["payment_method_collection"] != "if_required"
        and session["mode"] == "subscription"
        or orders.due_today(unit, session)
    ):
        return Outcome("declined", message="A card is needed.")
    if _drop_what_is_used_up(unit, session):
        return Outcome("declined", message=USED_UP)
    completing.complete(unit, session, email=email, name=name, method=None, intent=None)
    return over(unit, session)


def _drop_what_is_used_up(unit: Work, session: Object) -> bool:
    """Whether others were faster with a code than this page was paid; it shows the full amount from now on."""
    customer = unit.find("customer", session["customer"])
    codes = [unit.find("promotion_code", each["promotion_code"]) for each in session["_coupons"]]
    if not any(code is not None and discounts.why_not(unit, code, customer=customer) for code in codes):
        return False
    _put_coupons(unit, session, [])
    return True


def over(unit: Work, session: Object) -> Outcome:
    url = (session["success_url"] or "").replace("{CHECKOUT_SESSION_ID}", session["id"])
    kind = OUTCOMES[session["payment_status"]]
    return Outcome(kind, redirect_url=url or f"{unit.sandbox.public_url}/c/pay/{session['id']}")


def declined(session: Object, decline: Decline) -> Outcome:
    session["_message"] = decline.message
    return Outcome("declined", message=decline.message)


def _intent(unit: Work, session: Object) -> Object:
    """One for the whole visit, however often the card is refused."""
    amount = orders.due_today(unit, session)
    if not amount:
        return intents.create_setup(unit, customer=session["customer"])
    intent = unit.find("payment_intent", session.get("_payment_intent"))
    if intent is not None:
        intent["amount"] = amount
        return intent
    data = session["_payment_intent_data"]
    intent = intents.create_payment(
        unit,
        amount=amount,
        currency=session["currency"],
        customer=session["customer"],
        description=data.get("description"),
        metadata=data.get("metadata"),
    )
    intent["setup_future_usage"] = (
        "off_session" if session["mode"] == "subscription" else data.get("setup_future_usage")
    )
    session["_payment_intent"] = intent["id"]
    return intent


def _send_to_bank(unit: Work, session: Object, intent: Object, method: Object, *, email: str, name: str) -> Outcome:
    visit = {
        "object": "_authentication",
        "id": new_id("payatt_", length=24),
        "status": "pending",
        "session": session["id"],
        "intent": intent["id"],
        "intent_kind": intent["object"],
        "method": method["id"],
        "email": email,
        "name": name,
    }
    unit.keep(visit)
    return Outcome(
        "authentication_required",
        redirect_url=f"{unit.sandbox.public_url}/auth/{visit['id']}",
        authentication_id=visit["id"],
    )
