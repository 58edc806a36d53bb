"""Since when does a contract run, how long can a buyer withdraw from it, and is any of its money left?"""

from datetime import datetime, time, timedelta

from django.db.models import Case, DateTimeField, Exists, F, OuterRef, Q, QuerySet, Subquery, When
from django.utils import timezone

from .. import conf
from ..payments.refunds import DisputeStatus
from .guest_models import GuestPurchase
from .invoice_sums import with_what_went_back
from .models import Invoice, Subscription
from .money_back_models import Dispute

#: Stripe stamps the period of a subscription and the payment that begins it by itself each.
BILLED_BEFORE = timedelta(minutes=1)


def with_contracts(rows: QuerySet[Subscription]) -> QuerySet[Subscription]:
    """Each with what ``contract_at`` and ``is_money_left`` answer, in the same query, where the site has days for it."""
    if conf.WITHDRAWAL_DAYS <= 0:
        return rows
    guests, paid = (
        # What renews is not asked about at all.
        Case(When(is_recurring=False, then=Subquery(_first(each))), default=None, output_field=DateTimeField())
        for each in _payments(OuterRef("account"), OuterRef("livemode"), OuterRef("stripe_id"))
    )
    kept = Exists(_kept(Q(subscription_id=OuterRef("pk"))))
    return rows.annotate(claimed_paid_at=guests, invoice_paid_at=paid, is_money_kept=kept)


def last_moment(contract_at: datetime) -> datetime:
    """Until when the site lets a buyer withdraw from a contract of that moment: to the end of the last day.

    The day of the contract itself does not count (EU, Regulation 1182/71), and days are those of the site's place.
    """
    zone = timezone.get_default_timezone()
    after = timezone.localdate(contract_at, zone) + timedelta(days=conf.WITHDRAWAL_DAYS + 1)
    return timezone.make_aware(datetime.combine(after, time.min), zone)


def contract_at(subscription: Subscription) -> datetime:
    """When they bought it. Stripe says that of what renews; what is paid once began here when we read of it.

    Asks nothing where it was read ``with_contracts``, or of what renews.
    """
    if subscription.is_recurring or not subscription.stripe_id:
        return subscription.started_at
    read = subscription.__dict__
    if "claimed_paid_at" in read:
        moments = [read["claimed_paid_at"], read["invoice_paid_at"]]
    else:
        found = _payments(subscription.account, subscription.livemode, subscription.stripe_id)
        moments = [moment for rows in found for moment in rows.values_list("paid_at", flat=True)]
    return min([subscription.started_at, *(each for each in moments if each is not None)])


def is_in_time(subscription: Subscription, now: datetime) -> bool:
    if conf.WITHDRAWAL_DAYS <= 0 or now >= last_moment(subscription.started_at):
        return False
    return now < last_moment(contract_at(subscription))


def is_money_left(subscription: Subscription) -> bool:
    """Of what is over: something was paid for it, and has not gone back, neither from here nor by the bank."""
    known = subscription.__dict__.get("is_money_kept")
    return _kept(Q(subscription_id=subscription.pk)).exists() if known is None else bool(known)


def is_money_back(subscription: Subscription) -> bool:
    """Whether all that was paid since its period began went back, or a bank has taken it or may.

    Also where the site keeps it open while the bank decides. A credit for that would be the same money twice (G7, G9).
    """
    if subscription.suspended_at is not None:
        return True
    since = subscription.period_start or subscription.started_at
    disputes = Dispute.objects.keeping_closed().filter(subscription_id=subscription.pk, created_at__gte=since)
    if disputes.exists():
        return True
    mine = Q(subscription_id=subscription.pk, amount_paid__gt=0, paid_at__gte=since - BILLED_BEFORE)
    return Invoice.objects.filter(mine).exists() and not _kept(mine).exists()


def _payments(
    account: object, livemode: object, stripe_id: object
) -> tuple[QuerySet[GuestPurchase], QuerySet[Invoice]]:
    """Where the moment of a payment of that id stands: paid without an account, or with one."""
    at = {"account": account, "livemode": livemode}
    # Their index leaves out those without one.
    guests = GuestPurchase.objects.filter(**at, stripe_id=stripe_id).exclude(stripe_id="")
    return guests, Invoice.objects.filter(**at, payment_intent_id=stripe_id)


def _first(payments: QuerySet) -> QuerySet:
    return payments.filter(paid_at__isnull=False).order_by("paid_at").values("paid_at")[:1]


def _kept(whose: Q) -> QuerySet[Invoice]:
    lost = Dispute.objects.filter(
        subscription_id=OuterRef("subscription_id"),
        payment_intent_id=OuterRef("payment_intent_id"),
        status=DisputeStatus.LOST,
    )
    paid = with_what_went_back(Invoice.objects.filter(whose))
    return paid.filter(~Exists(lost), amount_paid__gt=F("given_back"))
