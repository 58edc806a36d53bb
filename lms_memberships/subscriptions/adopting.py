"""What if Stripe knows a purchase of ours that we have forgotten? After a restore from a backup it is noted again (E7).

Never on the word of the metadata alone: the membership, its price, and the person behind the customer must all be
known here. A number of a person may be somebody else's by now.
"""

import logging
import uuid
from datetime import datetime

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import QuerySet

from ..memberships.intervals import Interval
from ..memberships.models import Membership, Price
from ..payments import customers
from ..payments.gateway import CheckoutSnapshot, Gateway, SubscriptionSnapshot
from ..payments.models import Customer
from .models import Checkout
from .people import ATTEMPT_KEY, MEMBERSHIP_KEY, USER_KEY, attempts

logger = logging.getLogger(__name__)


def adopt_subscription(snapshot: SubscriptionSnapshot, *, gateway: Gateway) -> Checkout | None:
    """The purchase that led to it, noted again. None: it is not one of ours, or nobody knows whose."""
    prices = _prices(snapshot.metadata, gateway).filter(stripe_id__in=snapshot.price_ids)
    return _adopt(snapshot, prices.first(), snapshot.started_at, gateway=gateway)


def adopt_purchase(snapshot: CheckoutSnapshot, *, gateway: Gateway) -> Checkout | None:
    """The same for what is paid once."""
    prices = _prices(snapshot.metadata, gateway).filter(interval=Interval.ONE_TIME).order_by("-pk")
    paid = prices.filter(amount__in=_amounts(snapshot), currency=snapshot.total.currency) if snapshot.total else prices
    # A coupon makes another amount of it.
    return _adopt(snapshot, paid.first() or prices.first(), snapshot.read_started_at, gateway=gateway)


def _amounts(snapshot: CheckoutSnapshot) -> set[int]:
    """What the price may have been: tax is part of what was paid, or was added to it."""
    total, tax = snapshot.total, snapshot.tax
    return {total.minor, total.minor - (tax.minor if tax else 0)} if total else set()


def _prices(metadata: dict[str, str], gateway: Gateway) -> QuerySet[Price]:
    found = Price.objects.filter(account=gateway.account_id, livemode=gateway.livemode)
    return found.filter(membership__in=_membership(metadata)).select_related("membership")


def _membership(metadata: dict[str, str]) -> QuerySet[Membership]:
    try:
        return Membership.objects.filter(uuid=uuid.UUID(metadata.get(MEMBERSHIP_KEY, "")))
    except ValueError:
        return Membership.objects.none()


def _adopt(
    snapshot: SubscriptionSnapshot | CheckoutSnapshot, price: Price | None, made_at: datetime, *, gateway: Gateway
) -> Checkout | None:
    attempt = snapshot.metadata.get(ATTEMPT_KEY, "")
    if price is None or not _is_reference(attempt) or attempts(attempt, gateway=gateway).exists():
        return None
    user = _person(snapshot.metadata.get(USER_KEY, ""))
    if user is None or not _is_their_customer(user, snapshot.customer_id, gateway=gateway):
        logger.warning("Nobody here is known to have made the purchase %s", attempt)
        return None
    Customer.objects.get_or_create(
        user_id=user.pk,
        account=gateway.account_id,
        livemode=gateway.livemode,
        defaults={"stripe_id": snapshot.customer_id},
    )
    return Checkout.objects.create(
        uuid=uuid.UUID(attempt),
        user_id=user.pk,
        membership=price.membership,
        price=price,
        account=gateway.account_id,
        livemode=gateway.livemode,
        # Nobody can pay on its page any more. The purchase itself completes it.
        state=Checkout.State.EXPIRED,
        created_at=made_at,
    )


def _is_reference(attempt: str) -> bool:
    try:
        uuid.UUID(attempt)
    except ValueError:
        return False
    return True


def _person(number: str) -> AbstractBaseUser | None:
    try:
        return get_user_model()._base_manager.filter(pk=number).first()
    except ValueError:
        return None


def _is_their_customer(user: AbstractBaseUser, customer_id: str, *, gateway: Gateway) -> bool:
    """As noted here, or else as Stripe has it: with this person's number and their address."""
    known = Customer.objects.filter(user_id=user.pk, account=gateway.account_id, livemode=gateway.livemode).first()
    if known is not None and known.stripe_id == customer_id:
        return True
    email = customers.email_of(user)
    found = gateway.find_customer(email=email, metadata_key=USER_KEY, metadata_value=str(user.pk)) if email else None
    return found == customer_id
