"""How does somebody buy who has no account yet? Stripe's page without a customer of ours, and what is paid is parked (K2).

Whose address it is, nobody has proven: it opens no account and finds none. So there is no trial, which is had once by each
mailbox (X12), and nothing for which one must be a member already (V2).
"""

import hashlib
import uuid
from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from .. import conf, killpoints
from ..errors import Refusal
from ..memberships import promotions, selling, stripe_catalogue
from ..memberships.models import Membership
from ..memberships.promotions import CodeNotUsable, Reason
from ..payments import intents
from ..payments.customers import identity_of
from ..payments.gateway import CheckoutRequest, Gateway, NotFound, RequestRefused
from ..payments.models import Intent
from ..retrying import retried
from . import closing, codes, guest_parking, places, terms
from .checkout import PriceHasChanged, Wish, fee_of, looked_up
from .guest_models import RUNNING, GuestPurchase
from .people import ATTEMPT_KEY, MEMBERSHIP_KEY

PURPOSE = "guest_checkout"


class NeedsAnAccount(Refusal):
    message = _("This membership can only be bought with an account. Please sign in or sign up first.")


class AlreadyPaid(Refusal):
    """The page of this very press was paid: a second one would charge twice (C6)."""

    message = _("This purchase is paid already. Look into your mailbox: the link in our mail opens it.")


@dataclass(frozen=True)
class Visitor:
    """Who wants to buy: the address that was typed, and the name of this press, so that pressing twice is one purchase."""

    email: str
    attempt: uuid.UUID
    language: str


@dataclass(frozen=True)
class Started:
    """Stripe's page, and under which name the purchase goes on: another one, where that press was over."""

    url: str
    attempt: uuid.UUID


def refuse_unless_served(membership: Membership) -> None:
    """Raise NeedsAnAccount where guests are not sold to, and for what is sold to members of another one only."""
    if not conf.GUEST_CHECKOUT or membership.requires_id is not None:
        raise NeedsAnAccount


def start(visitor: Visitor, wish: Wish, *, gateway: Gateway, urls: tuple[str, str], now: datetime) -> Started:
    """The address of Stripe's page. Pressing twice gives the same one. Everything but the address is looked up (H8)."""
    terms.refuse_unaccepted(wish.terms)
    offer, chosen = looked_up(wish, gateway)
    refuse_unless_served(offer)
    draft = _draft(visitor, offer, chosen, now=now)
    known = GuestPurchase.objects.filter(uuid=visitor.attempt).select_related("price", "membership").first()
    if wish.code:
        draft.promotion_code = promotions.resolve(wish.code, chosen.price, gateway=gateway, now=now)
    if known is not None:
        url = _reuse(known, draft, gateway=gateway, now=now)
        if url:
            return Started(url, known.uuid)
        known.refresh_from_db()
        if known.state not in RUNNING:
            # That one is over: the same press is a new purchase.
            draft.uuid = uuid.uuid4()
    purchase = _plan(draft, now=now)
    killpoints.reach("guest.planned")
    url = _open(purchase, _request(purchase, offer, urls=urls), gateway=gateway)
    return Started(url, purchase.uuid)


def find_page(intent: Intent, gateway: Gateway) -> str | None:
    """What came of an intent of ours, from its row."""
    since = datetime.fromisoformat(str(intent.parameters["since"]))
    found = gateway.find_checkout_since(reference=str(intent.parameters["reference"]), since=since)
    return found.id if found is not None else None


def _draft(visitor: Visitor, membership: Membership, chosen: selling.Sold, *, now: datetime) -> GuestPurchase:
    price, fee = chosen.price, chosen.way.setup_fee
    draft = GuestPurchase(
        uuid=visitor.attempt,
        membership=membership,
        price=price,
        account=price.account,
        livemode=price.livemode,
        setup_fee=fee.minor if fee else 0,
        language=visitor.language,
        created_at=now,
        email=visitor.email,
        mailbox=identity_of(visitor.email),
    )
    terms.note(draft, now=now)
    return draft


def _reuse(known: GuestPurchase, draft: GuestPurchase, *, gateway: Gateway, now: datetime) -> str:
    """The open page's address if it still sells what is asked for now; else it is closed, and "" comes back."""
    if known.state not in (*RUNNING, GuestPurchase.State.EXPIRED):
        raise AlreadyPaid
    is_here = (known.account, known.livemode) == (gateway.account_id, gateway.livemode)
    is_same = is_here and _sells(known) == _sells(draft) and known.state in RUNNING
    if not known.session_id:
        if not is_same or _is_too_old(known, now):
            close(known)
        return ""
    if not is_here:
        close(known)
        return ""
    snapshot = gateway.read_checkout(known.session_id)
    if snapshot.status == "open" and is_same:
        return snapshot.url
    if snapshot.status == "open":
        closing.expire(known.session_id, gateway=gateway)
        # Paid in this very moment? Then it is complete now.
        snapshot = gateway.read_checkout(known.session_id)
    found = guest_parking.settle(snapshot, gateway=gateway, now=now)
    if found is not None and found.paid_at is not None:
        raise AlreadyPaid
    return ""


def _sells(purchase: GuestPurchase) -> tuple[object, ...]:
    return purchase.price_id, purchase.setup_fee, purchase.promotion_code_id, purchase.mailbox, purchase.terms_version


def _is_too_old(purchase: GuestPurchase, now: datetime) -> bool:
    return purchase.expires_at is not None and purchase.expires_at - now < places.SHORTEST_PAGE


@retried
def _plan(draft: GuestPurchase, *, now: datetime) -> GuestPurchase:
    """One row for one press, however often it is sent; saved, it holds a place and one use of its code."""
    with transaction.atomic():
        # The membership's row is the lock here: there is no person.
        list(Membership._base_manager.select_for_update(no_key=True).filter(pk=draft.membership_id).values_list("pk"))
        known = GuestPurchase.objects.filter(uuid=draft.uuid).select_related("price", "membership").first()
        if known is not None:
            return known
        if places.reserve_for_guest(draft.membership, now=now):
            draft.expires_at = (now + places.RESERVED_FOR).replace(microsecond=0)
        codes.reserve(draft, now=now)
        draft.save()
    return draft


@retried
def close(purchase: GuestPurchase) -> None:
    """Nobody can pay on its page any more. What is paid stays so."""
    with transaction.atomic():
        rows = GuestPurchase.objects.filter(pk=purchase.pk, state__in=RUNNING)
        rows.update(state=GuestPurchase.State.EXPIRED)


def _request(purchase: GuestPurchase, membership: Membership, *, urls: tuple[str, str]) -> CheckoutRequest:
    price, code = purchase.price, purchase.promotion_code
    fee = fee_of(purchase) if purchase.setup_fee else None
    success_url, cancel_url = urls
    return CheckoutRequest(
        price_id=price.stripe_id,
        currency=price.currency,
        setup_fee=fee,
        recurring=price.is_recurring,
        customer_id="",
        customer_email=purchase.email,
        success_url=success_url,
        cancel_url=cancel_url,
        reference=str(purchase.uuid),
        description=membership.title,
        metadata={
            guest_parking.GUEST_KEY: str(price.pk),
            MEMBERSHIP_KEY: str(membership.uuid),
            ATTEMPT_KEY: str(purchase.uuid),
        },
        language=purchase.language,
        expires_at=purchase.expires_at,
        promotion_code_id=code.stripe_id if code else "",
        automatic_tax=conf.STRIPE_TAX,
        allow_promotion_codes=code is None and codes.are_asked_for_by_stripe(purchase),
    )


def _open(purchase: GuestPurchase, request: CheckoutRequest, *, gateway: Gateway) -> str:
    since = purchase.created_at
    try:
        snapshot = intents.carry_out(
            purpose=PURPOSE,
            subject=request.reference,
            parameters={**_plain(request), "since": since.isoformat()},
            gateway=gateway,
            call=lambda key: gateway.create_checkout(request, key=key),
            result_id=lambda session: session.id,
            find=lambda: gateway.find_checkout_since(reference=request.reference, since=since),
        )
    except (RequestRefused, NotFound):
        close(purchase)
        if stripe_catalogue.forget_if_archived(purchase.price, purchase.membership, gateway=gateway):
            raise PriceHasChanged from None
        if purchase.promotion_code_id:
            raise CodeNotUsable(Reason.REFUSED) from None
        raise
    killpoints.reach("guest.opened")
    rows = GuestPurchase.objects.filter(pk=purchase.pk)
    rows.filter(session_id="").update(session_id=snapshot.id, expires_at=snapshot.expires_at)
    # Only a planned one: the webhook may have come first and parked it.
    rows.filter(state=GuestPurchase.State.PLANNED).update(state=GuestPurchase.State.OPEN)
    return snapshot.url


def _plain(request: CheckoutRequest) -> dict[str, object]:
    """What the request depends on, as an intent keeps it: for good, and so without the address."""
    digest = hashlib.sha256(identity_of(request.customer_email).encode()).hexdigest()[:16]
    until = request.expires_at and request.expires_at.isoformat()
    return {**asdict(request), "customer_email": digest, "expires_at": until}
