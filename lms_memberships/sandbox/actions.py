"""What a person can do on a hosted page or the dashboard."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, TypedDict, Unpack

from . import rules
from .billing import answering, due, ending, invoices, schedules
from .errors import no_such
from .hosted import authentication, checkout, paying, views
from .outcomes import Outcome, OutcomeKind
from .payments import cards, methods
from .payments.cards import Card, Decline
from .portal_actions import PortalActions
from .resources import accounts, coupons, disputes, payments, subscriptions, taxes
from .store import Object
from .work import Work, work

if TYPE_CHECKING:
    from .server import Sandbox

__all__ = ["Actions", "CardFields", "Outcome", "OutcomeKind"]

NOT_OPEN = "This page is no longer open."
HOUR = 3600


class CardFields(TypedDict):
    card_number: str
    exp_month: int | str
    exp_year: int | str
    cvc: str


class Actions:
    """Each method is one click. An unknown id raises ``errors.ApiError`` with status 404."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.portal = PortalActions(self._at)

    @contextmanager
    def _at(self, kind: str, object_id: str) -> Iterator[tuple[Work, Object]]:
        """A unit of work in the account that owns the object."""
        due.catch_up(self.sandbox)
        for account in self.sandbox.store.accounts():
            if self.sandbox.store.one(kind, object_id, account=account) is not None:
                with work(self.sandbox, account=account) as unit:
                    yield unit, unit.get(kind, object_id)
                return
        raise no_such(kind.lstrip("_"), object_id)

    # ------------------------------------------------------------------ hosted checkout
    def open_checkout(self, session_id: str) -> Object:
        """What the page shows.

        ``session`` (the API object), ``status`` ("open", "complete", "expired"), ``seller``, ``mode``,
        ``lines`` [{name, description, image, quantity, amount, interval, interval_count}], ``currency``,
        ``subtotal``, ``discount``, ``promotion_code`` (applied, or None), ``allow_promotion_codes``, ``total``,
        ``balance`` (what the customer's balance does to it), ``today`` (amount due now), ``next_amount`` and ``next_at`` (first renewal or end of trial; None for one-time),
        ``interval``, ``interval_count``, ``trial_days``, ``trial_end``, ``card_required``, ``takes_debits``, ``email`` (fixed, or None),
        ``customer_name``, ``missing_payment_method``, ``terms_required``, ``success_url``, ``cancel_url``,
        ``message`` (the last failure).
        """
        with self._at("checkout.session", session_id) as (unit, session):
            return views.checkout(unit, session)

    def apply_promotion_code(self, session_id: str, code: str) -> Outcome:
        """``started`` when the code holds, else ``declined`` with the reason. An empty code takes it off."""
        with self._at("checkout.session", session_id) as (unit, session):
            if session["status"] != "open":
                return Outcome("declined", message=NOT_OPEN)
            refusal = checkout.apply_code(unit, session, code)
            return Outcome("declined", message=refusal) if refusal else Outcome("started")

    def pay_checkout(
        self, session_id: str, *, email: str, name: str, promotion_code: str | None = None, **card: Unpack[CardFields]
    ) -> Outcome:
        with self._at("checkout.session", session_id) as (unit, session):
            if session["status"] != "open":
                return Outcome("declined", message=NOT_OPEN)
            refusal = checkout.apply_code(unit, session, promotion_code) if promotion_code else None
            if refusal:
                return Outcome("declined", message=refusal)
            read = cards.read_card(**card)
            if isinstance(read, Decline):
                return checkout.declined(session, read)
            return checkout.pay(unit, session, email=email, name=name, card=read)

    def pay_checkout_by_debit(self, session_id: str, *, email: str, name: str, iban: str) -> Outcome:
        """``processing``: the person is done, the bank answers as the clock goes on."""
        with self._at("checkout.session", session_id) as (unit, session):
            if session["status"] != "open":
                return Outcome("declined", message=NOT_OPEN)
            return checkout.pay_by_debit(unit, session, email=email, name=name, iban=iban)

    def start_trial_without_card(self, session_id: str, *, email: str, name: str) -> Outcome:
        with self._at("checkout.session", session_id) as (unit, session):
            if session["status"] != "open":
                return Outcome("declined", message=NOT_OPEN)
            return checkout.start_without_card(unit, session, email=email, name=name)

    def abandon_checkout(self, session_id: str) -> Outcome:
        """The person goes back: nothing changes; ``redirect_url`` is the cancel address."""
        with self._at("checkout.session", session_id) as (_, session):
            return Outcome("declined", redirect_url=session["cancel_url"] or "")

    # ------------------------------------------------------------------ bank page, hosted invoice
    def view_authentication(self, authentication_id: str) -> Object:
        """{id, status ("pending", "approved", "declined"), amount, currency, seller, card_brand, card_last4}."""
        with self._at("_authentication", authentication_id) as (unit, visit):
            return authentication.view(unit, visit)

    def approve_authentication(self, authentication_id: str) -> Outcome:
        with self._at("_authentication", authentication_id) as (unit, visit):
            return authentication.approve(unit, visit)

    def decline_authentication(self, authentication_id: str) -> Outcome:
        with self._at("_authentication", authentication_id) as (unit, visit):
            return authentication.decline(unit, visit)

    def open_invoice(self, invoice_id: str) -> Object:
        """{invoice (the API object), seller, lines, status, amount_due, currency, card (default or None), message}."""
        with self._at("invoice", invoice_id) as (unit, invoice):
            return views.invoice(unit, invoice)

    def pay_hosted_invoice(self, invoice_id: str, **card: Unpack[CardFields]) -> Outcome:
        with self._at("invoice", invoice_id) as (unit, invoice):
            if invoice["status"] not in ("open", "uncollectible") or invoices.is_under_way(unit, invoice):
                return Outcome("declined", message=NOT_OPEN)
            read = cards.read_card(**card)
            return (
                Outcome("declined", message=read.message)
                if isinstance(read, Decline)
                else paying.pay(unit, invoice, read)
            )

    # ------------------------------------------------------------------ dashboard: the clock
    def advance_clock(self, *, seconds: int) -> int:
        """Returns the new time. Everything that fell due on the way has happened, in order."""
        return due.advance_to(self.sandbox, self.sandbox.now() + seconds)

    def advance_clock_to(self, timestamp: int) -> int:
        return due.advance_to(self.sandbox, timestamp)

    def advance_to_trial_end(self, subscription_id: str | None = None) -> int:
        """To an hour after the end of the (next) trial, when its first invoice has been charged."""
        trials = [
            each["trial_end"]
            for account in self.sandbox.store.accounts()
            for each in self.sandbox.store.all("subscription", account=account)
            if each["status"] == "trialing" and subscription_id in (None, each["id"])
        ]
        return due.advance_to(self.sandbox, min(trials) + HOUR) if trials else self.sandbox.now()

    # ------------------------------------------------------------------ dashboard: people and money
    def change_default_card(self, customer_id: str, **card: Unpack[CardFields]) -> Outcome:
        """For all subscriptions of the customer. A card that needs 3-D Secure is set up without asking."""
        with self._at("customer", customer_id) as (unit, customer):
            read = cards.read_card(**card)
            wrong = read if isinstance(read, Decline) else cards.refuse_card(read, now=unit.now)
            if wrong is None and isinstance(read, Card) and not cards.CARDS[read.number].can_attach:
                wrong = cards.CARDS[read.number].decline
            if isinstance(read, Decline) or wrong is not None:
                return Outcome("declined", message=(wrong or cards.GENERIC).message)
            method = methods.create(unit, read, email=customer["email"], name=customer["name"])
            method["_is_set_up"] = True
            methods.replace(unit, customer, method)
            return Outcome("started")

    def remove_cards(self, customer_id: str) -> None:
        with self._at("customer", customer_id) as (unit, _):
            for method in unit.all("payment_method", lambda each: each["customer"] == customer_id):
                methods.detach(unit, method)

    def cancel_subscription_now(self, subscription_id: str) -> Object:
        with self._at("subscription", subscription_id) as (unit, subscription):
            if subscription["status"] not in ending.OVER:
                ending.cancel(unit, subscription, reason="cancellation_requested")
            return unit.shown(subscription)

    def cancel_subscription_at_period_end(self, subscription_id: str) -> Object:
        with self._at("subscription", subscription_id) as (unit, subscription):
            self._let_go(unit, subscription)
            return unit.shown(subscriptions.update(unit, subscription["id"], {"cancel_at_period_end": True}))

    def keep_subscription(self, subscription_id: str) -> Object:
        with self._at("subscription", subscription_id) as (unit, subscription):
            self._let_go(unit, subscription)
            return unit.shown(subscriptions.update(unit, subscription["id"], {"cancel_at_period_end": False}))

    def _let_go(self, unit: Work, subscription: Object) -> None:
        """What the dashboard changes of a subscription, its schedule no longer decides."""
        schedule = unit.find("subscription_schedule", subscription["schedule"])
        if schedule is not None:
            schedules.release(unit, schedule, keep_end=False)

    def refund_charge(self, charge_id: str, *, amount: int | None = None) -> Object:
        with self._at("charge", charge_id) as (unit, charge):
            asked = {"charge": charge["id"]} | ({} if amount is None else {"amount": amount})
            return unit.shown(payments.create_refund(unit, asked))

    def fail_refund(self, refund_id: str) -> Object:
        with self._at("refund", refund_id) as (unit, refund):
            payments.fail_refund(unit, refund)
            return unit.shown(refund)

    def open_dispute(self, charge_id: str, *, status: str = "needs_response", reason: str = "fraudulent") -> Object:
        """Whoever paid has gone to their bank. ``warning_…``: the bank only asks."""
        with self._at("charge", charge_id) as (unit, charge):
            return unit.shown(disputes.open_for(unit, charge, status=status, reason=reason))

    def change_dispute(self, dispute_id: str, status: str) -> Object:
        """Decided (``won``, ``lost``, …), or on its way; any word, also one that nobody knows yet."""
        with self._at("dispute", dispute_id) as (unit, dispute):
            move = disputes.close if status in disputes.OVER else disputes.change
            move(unit, dispute, status)
            return unit.shown(dispute)

    def retry_invoice(self, invoice_id: str) -> Outcome:
        with self._at("invoice", invoice_id) as (unit, invoice):
            if invoice["status"] != "open":
                return Outcome("declined", message=NOT_OPEN)
            subscription = unit.find("subscription", invoices.subscription_id(invoice))
            method = methods.default_for(unit, subscription) if subscription else None
            decline = invoices.pay(unit, invoice, method, "absent")
            return Outcome("declined", message=decline.message) if decline else Outcome("paid")

    def make_promotion_code(self, account_id: str, *, coupon: Object, code: Object) -> Object:
        """A coupon and one code for it, as an owner makes them on Stripe's own pages."""
        with work(self.sandbox, account=account_id) as unit:
            rules.check("POST /v1/coupons", coupon)
            asked = {"promotion": {"type": "coupon", "coupon": coupons.create(unit, coupon)["id"]}, **code}
            rules.check("POST /v1/promotion_codes", asked)
            return unit.shown(coupons.create_code(unit, asked))

    def retire_promotion_code(self, code_id: str) -> Object:
        with self._at("promotion_code", code_id) as (unit, code):
            return unit.shown(coupons.update_code(unit, code["id"], {"active": False}))

    def answer_debit(self, intent_id: str) -> Object:
        """The bank answers now, and not when the clock would have it."""
        with self._at("payment_intent", intent_id) as (unit, intent):
            if intent["status"] == "processing":
                answering.answer(unit, intent)
            return unit.shown(intent)

    def set_retries(self, *, days: list[int], then: Literal["cancel", "unpaid", "past_due"]) -> None:
        with work(self.sandbox) as unit:
            unit.get("account", unit.account)["_retries"] = {"days": days, "then": then}

    def connect_account(self, account_id: str) -> Object:
        with work(self.sandbox, account=account_id) as unit:
            return unit.shown(accounts.open_if_new(unit, account_id))

    def set_taxes(self, *, rates: dict[str, str], behavior: str | None = None) -> None:
        """Stripe Tax is set up, with a percentage for each country in which the seller is registered."""
        with work(self.sandbox) as unit:
            percents = {country: int(Decimal(str(percent)) * 100) for country, percent in rates.items()}
            unit.get("account", unit.account)["_taxes"] = {"is_active": True, "behavior": behavior, "rates": percents}
            taxes.register(unit, list(rates))
