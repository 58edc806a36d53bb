"""What Stripe says, in our own words: snapshots as the gateway would read them, for tests of what we make of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from lms_memberships.models import Checkout, Membership, Price
from lms_memberships.money import Money
from lms_memberships.payments.gateway import InvoiceSnapshot, SubscriptionSnapshot, SubscriptionStatus
from lms_memberships.payments.stripe_gateway.gateway import StripeGateway

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MONTH = timedelta(days=30)
ACCOUNT = "acct_sandbox"


def unreachable_gateway() -> StripeGateway:
    """The real one, with an address where nobody answers: these tests show that Stripe need not be asked."""
    return StripeGateway("sk_test_memberships", api_base="http://127.0.0.1:9", account_id=ACCOUNT)


def attempt(user, membership: Membership, **fields: object) -> Checkout:
    """An open purchase of ours, as it stands before Stripe says anything."""
    price, _created = Price.objects.get_or_create(
        membership=membership,
        account=ACCOUNT,
        livemode=False,
        amount=membership.price_amount,
        currency=membership.currency,
        interval=membership.interval,
        defaults={"stripe_id": f"price_{membership.pk}", "confirmed_at": NOW, "created_at": NOW},
    )
    number = Checkout.objects.count() + 1
    values = {"state": Checkout.State.OPEN, "session_id": f"cs_{number}", "created_at": NOW}
    return Checkout.objects.create(
        user=user, membership=membership, price=price, account=ACCOUNT, livemode=False, **{**values, **fields}
    )


def invoice(stripe_id: str = "in_1", **changes: object) -> InvoiceSnapshot:
    """The first invoice, paid."""
    said = InvoiceSnapshot(
        id=stripe_id,
        number="A-0001",
        status="paid",
        total=Money(1900, "eur"),
        amount_paid=Money(1900, "eur"),
        amount_due=Money(1900, "eur"),
        billing_reason="subscription_create",
        customer_id="cus_1",
        subscription_id="sub_1",
        payment_intent_id="pi_1",
        created_at=NOW,
        paid_at=NOW,
        period_start=NOW,
        period_end=NOW + MONTH,
        attempts=1,
        next_attempt_at=None,
        hosted_url="",
        pdf_url="",
        read_started_at=NOW,
    )
    return replace(said, **changes)


UNPAID = {"status": "open", "amount_paid": Money(0, "eur"), "paid_at": None}
NOTHING = {"total": Money(0, "eur"), "amount_paid": Money(0, "eur"), "amount_due": Money(0, "eur")}


def subscription(checkout: Checkout | None, stripe_id: str = "sub_1", **changes: object) -> SubscriptionSnapshot:
    """Active, its first month paid."""
    metadata = {}
    if checkout is not None:
        metadata = {
            "lmsm_user": str(checkout.user_id),
            "lmsm_membership": str(checkout.membership.uuid),
            "lmsm_attempt": str(checkout.uuid),
        }
    said = SubscriptionSnapshot(
        id=stripe_id,
        status=SubscriptionStatus.ACTIVE,
        customer_id="cus_1",
        price_id=checkout.price.stripe_id if checkout else "price_foreign",
        product_id="prod_1",
        money=Money(1900, "eur"),
        interval="month",
        interval_count=1,
        current_period_start=NOW,
        current_period_end=NOW + MONTH,
        trial_end=None,
        cancel_at=None,
        canceled_at=None,
        ended_at=None,
        started_at=NOW,
        has_card=True,
        latest_invoice=invoice(subscription_id=stripe_id),
        read_started_at=NOW,
        metadata=metadata,
    )
    return replace(said, **changes)
