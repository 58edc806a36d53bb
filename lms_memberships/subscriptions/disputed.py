"""Is this payment disputed at a bank, and what does that forbid (G7)?"""

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from ..errors import Refusal
from ..payments.gateway import Gateway
from .gift_models import Gift
from .money_back_models import Dispute, DisputeQuerySet


class IsDisputed(Refusal):
    message = _("This payment is disputed at the bank, which decides who has the money. It cannot be given back here.")


def refuse_refund(payment_id: str) -> None:
    """Raise IsDisputed while the bank has the money, and after it has given it back to whoever paid."""
    if payment_id and Dispute.objects.keeping_closed().filter(payment_intent_id=payment_id).exists():
        raise IsDisputed


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
