"""Is this payment disputed at a bank, and what does that forbid (G7)?"""

from typing import TYPE_CHECKING

from django.db.models import Case, Exists, OuterRef, QuerySet, Value, When
from django.utils.translation import gettext_lazy as _

from ..errors import Refusal
from ..payments.gateway import Gateway
from ..payments.refunds import DisputeStatus
from .gift_models import Gift
from .money_back_models import Dispute, DisputeQuerySet

if TYPE_CHECKING:
    from .models import Subscription


class IsDisputed(Refusal):
    message = _("This payment is disputed at the bank, which decides who has the money. It cannot be given back here.")


class IsLost(IsDisputed):
    message = _(
        "This payment was disputed, and the bank has decided for whoever paid: they have their money back by that. "
        "Nothing is given back from here."
    )


def refuse_refund(payment_id: str) -> None:
    """Raise IsDisputed while the bank has the money, and IsLost after it has given it back to whoever paid."""
    if not payment_id:
        return
    said = set(
        Dispute.objects.keeping_closed()
        .filter(payment_intent_id=payment_id)
        .order_by()
        .values_list("status", flat=True)
    )
    if said:
        raise IsDisputed if DisputeStatus.OPEN in said else IsLost


def keeping(payment_id: str, *, gateway: Gateway) -> Dispute | None:
    """The dispute for which the money of this payment is not the seller's. One that runs counts before one that is lost."""
    found = Dispute.objects.at(gateway).keeping_closed().filter(payment_intent_id=payment_id)
    return found.order_by("-status", "-pk").first() if payment_id else None


def whether_gift_is() -> Exists:
    """To annotate gifts with: whether the bank has the money, or has given it back to whoever paid."""
    same = {name: OuterRef(name) for name in ("account", "livemode", "payment_intent_id")}
    return Exists(Dispute.objects.keeping_closed().filter(**same).exclude(payment_intent_id=""))


def closing(gift: Gift) -> DisputeQuerySet:
    """What keeps this gift from opening anything: whoever paid for it has their bank take the money back."""
    if not gift.payment_intent_id:
        return Dispute.objects.none()
    of_it = {"account": gift.account, "livemode": gift.livemode, "payment_intent_id": gift.payment_intent_id}
    return Dispute.objects.closing().filter(**of_it)


def with_decided(subscriptions: "QuerySet[Subscription]") -> "QuerySet[Subscription]":
    """Each with ``is_dispute_lost``: what ``is_lost`` answers. One query, of however many."""
    theirs = Dispute.objects.filter(subscription=OuterRef("pk"))
    running = When(Exists(theirs.filter(status=DisputeStatus.OPEN)), then=Value(value=False))
    lost = When(Exists(theirs.filter(status=DisputeStatus.LOST)), then=Value(value=True))
    return subscriptions.annotate(is_dispute_lost=Case(running, lost, default=Value(value=False)))


def is_lost(subscription: "Subscription") -> bool:
    """Closed for a dispute, and the bank has decided: whoever paid has the money. One that runs is not decided.

    Asks nothing where it was read ``with_decided``, or where nothing is closed for one.
    """
    if subscription.suspended_at is None:
        return False
    known = getattr(subscription, "is_dispute_lost", None)
    if known is None:
        said = set(subscription.disputes.values_list("status", flat=True))
        known = DisputeStatus.LOST in said and DisputeStatus.OPEN not in said
    return bool(known)
