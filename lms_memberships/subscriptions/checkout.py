"""How does a student buy? One open page at Stripe for a person and a membership, and the way back from it."""

from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ..errors import Refusal
from ..memberships.models import Membership, Price
from ..memberships.publishing import current_price
from ..payments import intents
from ..payments.connect import Connection
from ..payments.customers import customer_for
from ..payments.gateway import (
    CheckoutRequest,
    CheckoutSnapshot,
    Gateway,
    NotFound,
    RequestRefused,
    SubscriptionStatus,
)
from . import people, settling
from .models import Checkout, Subscription


class NotOnSale(Refusal):
    message = _("This membership is not on sale at the moment.")


class AlreadyMember(Refusal):
    """A second one would charge twice (C6). The message says what they hold."""

    message = _("You already have this membership.")


class NotYours(Refusal):
    """The same words for a purchase of somebody else's and for one that never was (C5)."""

    message = _("We do not know this purchase. If you have paid, you find it in your account.")


#: What somebody holds who wants to buy it again.
HELD_TEXTS: dict[str, str | Promise] = {
    SubscriptionStatus.TRIALING: _("You are already trying out “%(title)s”."),
    SubscriptionStatus.ACTIVE: _("You already have “%(title)s”."),
    SubscriptionStatus.PAST_DUE: _(
        "You already have “%(title)s”, but the last payment failed. Check your card in your account."
    ),
}


def start(
    user: AbstractBaseUser,
    membership: Membership,
    *,
    gateway: Gateway,
    language: str,
    urls: tuple[str, str],
    now: datetime,
) -> str:
    """The address of Stripe's page on which this person can buy this membership. Asking twice gives the same one.

    ``urls`` are where Stripe sends them back to: after paying, and without. Nothing else comes from the browser:
    membership and price are read from the database (H8).
    """
    offer, price = _offer(membership, gateway)
    _refuse_a_second(user, offer, now=now)
    trial_days = trial_days_for(user, offer)
    open_one = _running(user, offer)
    if open_one is not None:
        url = _reuse(open_one, price, trial_days, gateway=gateway, now=now)
        if url:
            return url
        _refuse_a_second(user, offer, now=now)
    customer_id = customer_for(user, gateway=gateway, language=language)
    draft = Checkout(
        user_id=user.pk, membership=offer, price=price, trial_days=trial_days, language=language, created_at=now
    )
    draft.account, draft.livemode = price.account, price.livemode
    checkout = _plan(draft)
    request = _request(checkout, offer, customer_id=customer_id, language=language, urls=urls)
    return _open(checkout, request, gateway=gateway)


def finish(user: AbstractBaseUser, session_id: str, *, gateway: Gateway, now: datetime) -> Checkout:
    """The way back: what came of this person's purchase, as Stripe says it now (C1, C4). Safe to call again."""
    mine = Checkout.objects.at(gateway).of(user)
    known = mine.filter(session_id=session_id).exists() if session_id else False
    # We may have lost Stripe's answer after the page was made: then only the reference in it tells whose it is.
    if not known and not (session_id and mine.filter(session_id="").exists()):
        raise NotYours
    try:
        snapshot = gateway.read_checkout(session_id)
    except (NotFound, RequestRefused):
        raise NotYours from None
    found = settling.find(snapshot, gateway=gateway)
    if found is None or found.user_id != user.pk:
        raise NotYours
    return settling.settle(snapshot, gateway=gateway, now=now) or found


def trial_days_for(user: AbstractBaseUser, membership: Membership) -> int:
    """How long this person may try it out: once (X12)."""
    if not membership.trial_days or not membership.is_recurring:
        return 0
    tried = Subscription.objects.of(user).filter(membership_id=membership.pk, trial_end__isnull=False)
    return 0 if tried.exists() else membership.trial_days


def _offer(membership: Membership, gateway: Gateway) -> tuple[Membership, Price]:
    connection = Connection(account_id=gateway.account_id, livemode=gateway.livemode)
    offer = Membership.objects.on_sale(connection).filter(pk=membership.pk).first()
    price = current_price(offer, connection) if offer else None
    if offer is None or price is None:
        raise NotOnSale
    return offer, price


def _refuse_a_second(user: AbstractBaseUser, membership: Membership, *, now: datetime) -> None:
    held = Subscription.objects.of(user).filter(membership_id=membership.pk).held(now).order_by("pk").first()
    if held is not None:
        text = HELD_TEXTS.get(held.status, HELD_TEXTS[SubscriptionStatus.ACTIVE])
        raise AlreadyMember(str(text) % {"title": membership.title})


def _running(user: AbstractBaseUser, membership: Membership) -> Checkout | None:
    return Checkout.objects.of(user).filter(membership_id=membership.pk).running().first()


def _reuse(checkout: Checkout, price: Price, trial_days: int, *, gateway: Gateway, now: datetime) -> str:
    """The open page's address if it still sells what is asked for now; else it is closed first, and "" comes back."""
    is_same = checkout.price_id == price.pk and checkout.trial_days == trial_days
    if not checkout.session_id:
        # Planned, and no answer noted: the same attempt goes on, under the same key.
        if not is_same:
            settling.close(checkout, Checkout.State.EXPIRED)
        return ""
    if (checkout.account, checkout.livemode) != (gateway.account_id, gateway.livemode):
        settling.close(checkout, Checkout.State.EXPIRED)
        return ""
    snapshot = gateway.read_checkout(checkout.session_id)
    if snapshot.status == "open" and is_same:
        return snapshot.url
    if snapshot.status == "open":
        gateway.expire_checkout(checkout.session_id)
        # Paid in this very moment? Then it is complete now.
        snapshot = gateway.read_checkout(checkout.session_id)
    settling.settle(snapshot, gateway=gateway, now=now)
    return ""


def _plan(draft: Checkout) -> Checkout:
    """The one running attempt of this person for this membership: two tabs share it (C6)."""
    with transaction.atomic():
        people.lock_person(draft.user_id)
        running = Checkout.objects.filter(user_id=draft.user_id, membership_id=draft.membership_id).running().first()
        if running is None:
            draft.save()
    return running or draft


def _request(
    checkout: Checkout, membership: Membership, *, customer_id: str, language: str, urls: tuple[str, str]
) -> CheckoutRequest:
    success_url, cancel_url = urls
    return CheckoutRequest(
        price_id=checkout.price.stripe_id,
        recurring=membership.is_recurring,
        customer_id=customer_id,
        success_url=success_url,
        cancel_url=cancel_url,
        reference=str(checkout.uuid),
        description=membership.title,
        metadata={
            people.USER_KEY: str(checkout.user_id),
            people.MEMBERSHIP_KEY: str(membership.uuid),
            people.ATTEMPT_KEY: str(checkout.uuid),
        },
        language=language,
        trial_days=checkout.trial_days,
        trial_requires_card=membership.trial_requires_card,
    )


def _open(checkout: Checkout, request: CheckoutRequest, *, gateway: Gateway) -> str:
    try:
        snapshot = intents.carry_out(
            purpose="checkout",
            subject=str(checkout.uuid),
            parameters=vars(request),
            gateway=gateway,
            call=lambda key: gateway.create_checkout(request, key=key),
            result_id=lambda session: session.id,
            find=lambda: gateway.find_checkout(customer_id=request.customer_id, reference=request.reference),
        )
    except RequestRefused:
        # Nothing was made, and nothing would be: the next try is a new attempt.
        settling.close(checkout, Checkout.State.EXPIRED)
        raise
    _note(checkout, snapshot)
    return snapshot.url


def _note(checkout: Checkout, snapshot: CheckoutSnapshot) -> None:
    # Only a planned one: the webhook may have come first and completed it.
    Checkout.objects.filter(pk=checkout.pk).update(
        session_id=snapshot.id, url=snapshot.url, expires_at=snapshot.expires_at
    )
    Checkout.objects.filter(pk=checkout.pk, state=Checkout.State.PLANNED).update(state=Checkout.State.OPEN)
