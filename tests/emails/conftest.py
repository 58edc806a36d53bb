"""What do the e-mail tests share? A subscription with an invoice, and every e-mail switched on."""

from datetime import timedelta

import pytest
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.utils import timezone

from lms_memberships import events
from lms_memberships.emails import price_changes, switches
from lms_memberships.emails.catalogue import CATALOGUE, EmailKind
from lms_memberships.models import (
    Dispute,
    Email,
    Gift,
    GuestPurchase,
    Invoice,
    Membership,
    PriceMove,
    PriceMoveEntry,
    Refund,
    Subscription,
    WaitingEntry,
    Withdrawal,
)
from lms_memberships.subscriptions import gift_links, guest_links


@pytest.fixture
def subscription(membership, student):
    now = timezone.now()
    return Subscription.objects.create(
        user=student,
        membership=membership,
        status="active",
        stripe_id="sub_1",
        account="acct_sandbox",
        amount=1900,
        currency="eur",
        interval="month",
        started_at=now,
        opened_at=now,
        period_end=now + timedelta(days=30),
        access_until=now + timedelta(days=37),
    )


@pytest.fixture
def invoice(subscription):
    now = timezone.now()
    return Invoice.objects.create(
        stripe_id="in_1",
        account="acct_sandbox",
        subscription=subscription,
        user=subscription.user,
        membership=subscription.membership,
        status="paid",
        currency="eur",
        total=1900,
        amount_paid=1900,
        amount_due=1900,
        created_at=now,
        read_started_at=now,
    )


class Server(BaseEmailBackend):
    """A mail server that answers as the test says."""

    error: Exception | None = None
    accepted: list = []

    def send_messages(self, messages) -> int:
        if self.error is not None:
            raise self.error
        Server.accepted.extend(messages)
        return len(messages)


@pytest.fixture
def server(settings):
    settings.EMAIL_BACKEND = "tests.emails.conftest.Server"
    Server.error, Server.accepted = None, []
    yield Server
    Server.error = None


#: In which state of a subscription each e-mail is true.
TRUE_WHEN: dict[str, dict[str, object]] = {
    "admin_bought": {},
    "bought": {},
    "access_gained": {},
    "admin_cancelled": {"cancel_at": timedelta(days=30)},
    "cancelled": {"cancel_at": timedelta(days=30)},
    "membership_changed": {},
    "access_lost": {"access_until": timedelta(days=-1)},
    "payment_succeeded": {},
    "payment_failed": {"status": "past_due"},
    "payment_missing": {"status": "past_due"},
    "renewal_soon": {"period_end": timedelta(days=5)},
    "card_expires": {"card_expires_at": timedelta(days=20)},
    "trial_ends_soon": {"status": "trialing", "trial_end": timedelta(days=2)},
    "place_free": {},
    "no_place_left": {"flag": "no_place"},
    "price_change": {},
    # About what nobody holds yet.
    "guest_claim": {},
    "guest_reminder": {},
    "guest_not_renewed": {},
    "guest_returned": {},
    "gift_bought": {},
    "gift_received": {},
    "gift_returned": {},
    "payment_refunded": {},
    "admin_refund_failed": {},
    "admin_price_unknown": {"flag": "unknown_price"},
    "admin_disputed": {},
    "admin_dispute_decided": {},
    "withdrawn": {},
}
#: Mails about money that went back, or that a bank took back.
REFUNDS, DISPUTES = ("payment_refunded", "admin_refund_failed"), ("admin_disputed", "admin_dispute_decided")


@pytest.fixture
def parked(membership):
    """Bought without an account, and waiting."""
    return park(membership)


def park(membership: Membership) -> GuestPurchase:
    now = timezone.now()
    purchase = GuestPurchase(
        membership=membership, price=membership.prices.get(), state="parked", email="guest@school.test",
        stripe_id="sub_guest", amount=1900, currency="eur", created_at=now, paid_at=now, language="en",
    )  # fmt: skip
    guest_links.renew(purchase, now=now)
    purchase.save()
    return purchase


@pytest.fixture
def true_for(subscription):
    """Put the subscription into the state in which an e-mail of this kind is true."""
    before = {name: getattr(subscription, name) for state in TRUE_WHEN.values() for name in state}

    def put(kind: str) -> Subscription:
        now = timezone.now()
        wanted = {
            name: now + value if isinstance(value, timedelta) else value for name, value in TRUE_WHEN[kind].items()
        }
        Subscription.objects.filter(pk=subscription.pk).update(**{**before, **wanted})
        if kind == "place_free":
            offered_a_place(subscription, now)
        if kind == "price_change":
            told_of_another_price(subscription, now)
        if kind in (*REFUNDS, *DISPUTES):
            take_back(subscription, kind)
        # One mail says all of it: with one, the others are not true.
        Withdrawal.objects.all().delete()
        if kind == "withdrawn":
            withdrawn_from(subscription)
        if kind.startswith("gift_"):
            give(subscription, is_returned=kind == "gift_returned")
        if kind.startswith("guest_"):
            parked_for(subscription, now, is_returned=kind == "guest_returned")
        subscription.refresh_from_db()
        return subscription

    return put


def offered_a_place(subscription: Subscription, now) -> None:
    WaitingEntry.objects.get_or_create(
        user=subscription.user,
        membership=subscription.membership,
        defaults={"asked_at": now, "told_at": now, "held_until": now + timedelta(hours=48)},
    )


def parked_for(subscription: Subscription, now, *, is_returned: bool) -> None:
    purchase = GuestPurchase.objects.first() or park(subscription.membership)
    if is_returned:
        GuestPurchase.objects.update(state="returned", return_reason="staff", returned_at=now)
    else:
        GuestPurchase.objects.filter(pk=purchase.pk).update(state="parked", returned_at=None)


def told_of_another_price(subscription: Subscription, now) -> None:
    price = subscription.membership.prices.first()
    about = {"account": price.account, "livemode": price.livemode, "old_price": price, "new_price": price}
    move, _created = PriceMove.objects.get_or_create(
        membership=subscription.membership, defaults={"move_at": now, "created_at": now, **about}
    )
    told = {
        "state": "told",
        "told_at": now,
        "applies_from": now + timedelta(days=30),
        "next_try_at": now,
        "tellings": 1,
    }
    PriceMoveEntry.objects.get_or_create(move=move, subscription=subscription, defaults=told)


def withdrawn_from(subscription: Subscription) -> Withdrawal:
    """Declared today, for what was paid."""
    declared = {
        "membership": subscription.membership,
        "title": subscription.membership.title,
        "contract_at": subscription.started_at,
        "declared_at": timezone.now(),
        "amount": 1900,
        "currency": "eur",
    }
    return Withdrawal.objects.get_or_create(subscription=subscription, defaults=declared)[0]


def said_of(kind: str) -> dict[str, object]:
    """What a mail of this kind says in its row of what it is about; make it true first."""
    if kind in REFUNDS:
        return {"refund": Refund.objects.latest("pk").pk}
    if kind in DISPUTES:
        return {"dispute": Dispute.objects.latest("pk").pk, "status": "open"}
    if kind.startswith("gift_"):
        return {"gift": Gift.objects.latest("pk").pk}
    if kind.startswith("guest_"):
        purchase = GuestPurchase.objects.latest("pk")
        return {"guest": purchase.pk, "link": purchase.link}
    if kind == EmailKind.CARD_EXPIRES:
        expires_at = Subscription.objects.latest("pk").card_expires_at
        return {"card_expires_at": expires_at.isoformat()} if expires_at else {}
    if kind == "withdrawn":
        return {"withdrawal": Withdrawal.objects.get().pk}
    return price_changes.said(PriceMoveEntry.objects.get()) if kind == EmailKind.PRICE_CHANGE else {}


def take_back(subscription: Subscription, kind: str) -> None:
    """Their payment went back, or did not after all, or is disputed, or that is decided."""
    now = timezone.now()
    about = {
        "subscription": subscription, "membership": subscription.membership, "payment_intent_id": "pi_1",
        "account": "acct_sandbox", "amount": 1900, "currency": "eur", "created_at": now, "read_started_at": now,
    }  # fmt: skip
    if kind in REFUNDS:
        Refund.objects.create(
            stripe_id=f"re_{Refund.objects.count()}",
            state="failed" if kind == "admin_refund_failed" else "succeeded",
            **about,
        )
    else:
        status = "open" if kind == "admin_disputed" else "won"
        Dispute.objects.create(stripe_id=f"du_{Dispute.objects.count()}", status=status, said=status, **about)


def give(subscription: Subscription, *, is_returned: bool) -> Gift:
    """Their gift to somebody else, to be redeemed; or given back."""
    now = timezone.now()
    gift = Gift(
        giver=subscription.user, membership=subscription.membership, price_id="price_gift", months=3, amount=4900,
        currency="eur", recipient_email=subscription.user.email, recipient_name="Kim", from_name="Ada",
        message="Happy birthday!", deliver_on=now.date(), account="acct_sandbox", created_at=now, paid_at=now,
        language="en", redeem_until=now + timedelta(days=300), state="refunded" if is_returned else "delivered",
        refunded_at=now if is_returned else None,
    )  # fmt: skip
    gift_links.give_new(gift)
    gift.save()
    return gift


def of_money_back(fact: type[events.Fact]) -> events.Fact:
    """About the last row that ``take_back`` wrote."""
    if issubclass(fact, events.RefundFact):
        return fact(refund_id=Refund.objects.latest("pk").pk)
    return fact(dispute_id=Dispute.objects.latest("pk").pk, turn=1)


def of_an_entry(fact: type[events.Fact]) -> events.Fact:
    """About the one who waits, or who is to pay another price."""
    if fact is events.PlaceOffered:
        return fact(entry_id=WaitingEntry.objects.get().pk)
    return fact(entry_id=PriceMoveEntry.objects.get().pk, tellings=1)


@pytest.fixture
def all_on(db):
    switches.switch_all_on()


def tell(*facts: events.Fact, at=None) -> None:
    with transaction.atomic():
        events.publish(*facts, at=at)


@pytest.fixture
def owe(subscription, parked, all_on, true_for, settings):
    """An e-mail of a kind, owed and true; the transaction of the fact is over, and nothing was sent yet."""
    settings.TASKS = {"default": {"BACKEND": "django_tasks.backends.dummy.DummyBackend"}}
    settings.LMS_MEMBERSHIPS_ADMIN_EMAILS = ["office@school.test"]
    now = timezone.now()
    invoice = Invoice.objects.create(
        stripe_id="in_owed", account="acct_sandbox", subscription=subscription, user=subscription.user,
        membership=subscription.membership, status="paid", currency="eur", total=1900, amount_paid=1900,
        amount_due=1900, created_at=now, read_started_at=now,
    )  # fmt: skip

    def go(kind: str, **about: object) -> Email:
        true_for(kind)
        fact = CATALOGUE[EmailKind(kind)].fact
        Invoice.objects.update(status="open" if kind in {"payment_failed", "payment_missing"} else "paid")
        if issubclass(fact, events.PaymentFact):
            more = {"attempt": 1} if fact is events.PaymentFailed else {}
            tell(fact(invoice_id=invoice.pk, **more), **about)
        elif issubclass(fact, events.GuestFact):
            tell(fact(purchase_id=parked.pk, turn=1), **about)
        elif issubclass(fact, events.GiftFact):
            more = {"number": 1} if fact is events.GiftDelivered else {}
            tell(fact(gift_id=Gift.objects.latest("pk").pk, **more), **about)
        elif kind in (*REFUNDS, *DISPUTES):
            tell(of_money_back(fact), **about)
        elif fact in (events.PlaceOffered, events.PriceWillChange):
            tell(of_an_entry(fact), **about)
        elif fact is events.ContractWithdrawn:
            tell(fact(withdrawal_id=Withdrawal.objects.get().pk), **about)
        else:
            more = {"amount": 1700} if fact is events.RenewalSoon else {}
            tell(fact(subscription_id=subscription.pk, turn=1, **more), **about)
        Email.objects.exclude(kind=kind).delete()
        return Email.objects.get()

    return go
