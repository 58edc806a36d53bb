"""Which link claims a purchase? Whoever opens it has the mailbox; the database holds no more than its hash (K2, S22).

The token is made from the secret key, the purchase and the number of the link: 256 bits that nobody can guess and that no
table holds. It is made again when the mail leaves, which is all that a mail needs to know.
"""

import base64
import hashlib
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils.crypto import salted_hmac

from .. import events
from ..payments.customers import identity_of
from ..retrying import retried
from .guest_models import GuestPurchase

SALT = "lms_memberships.guests"
#: So long a link holds. After that another one can be asked for.
HOLDS_FOR = timedelta(days=14)
#: What holds for less than this any more is replaced when it is asked for again; else the same one is sent.
WORTH_SENDING = timedelta(days=1)
#: Longer than any token of ours.
LONGEST = 100


def find(token: str) -> GuestPurchase | None:
    """The purchase that this token claims; also when it has lapsed, and was claimed."""
    if not token or len(token) > LONGEST:
        return None
    return GuestPurchase.objects.filter(token_hash=_hash(token)).select_related("membership", "price").first()


def token_of(purchase: GuestPurchase) -> str:
    """The token of the present link. Empty: it has none, or the site's key has been replaced since."""
    if not purchase.token_hash:
        return ""
    for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        token = _token(purchase, key)
        if _hash(token) == purchase.token_hash:
            return token
    return ""


def renew(purchase: GuestPurchase, *, now: datetime) -> None:
    """Have a link that holds for a while, on the row in hand: whoever calls saves it."""
    if purchase.link_until is not None and purchase.link_until - now > WORTH_SENDING and token_of(purchase):
        return
    purchase.link += 1
    purchase.token_hash = _hash(_token(purchase, settings.SECRET_KEY))
    purchase.link_until = now + HOLDS_FOR


def tell(purchase: GuestPurchase, fact: type[events.GuestFact]) -> None:
    """Save the row and tell a fact about it: one key for each time. Inside the transaction that makes it true."""
    purchase.turn += 1
    purchase.save()
    events.publish(fact(purchase_id=purchase.pk, turn=purchase.turn))


@retried
def send_again(pk: int, *, now: datetime) -> bool:
    """The link once more, to the mailbox that Stripe has. False: there is nothing to claim any more."""
    with transaction.atomic():
        purchase = GuestPurchase.objects.select_for_update().get(pk=pk)
        if not purchase.is_claimable:
            return False
        renew(purchase, now=now)
        tell(purchase, events.GuestLinkOwed)
    return True


def send_all_again(email: str, *, now: datetime) -> None:
    """Of everything that waits for this mailbox. Says nothing: nobody learns whether anything does."""
    waiting = GuestPurchase.objects.unclaimed().filter(mailbox=identity_of(email))
    for pk in list(waiting.order_by("pk").values_list("pk", flat=True)):
        send_again(pk, now=now)


def _token(purchase: GuestPurchase, key: str | bytes) -> str:
    words = f"{purchase.uuid}:{purchase.link}"
    digest = salted_hmac(SALT, words, secret=key, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
