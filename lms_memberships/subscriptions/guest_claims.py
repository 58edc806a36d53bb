"""Who gets a parked purchase? Whoever has the mailbox, for the account in which they are signed in: once (K1, K2).

The link proves the mailbox, and nothing about accounts: one that has the same address is neither found nor opened by it.
What is claimed keeps the customer that Stripe made for it. It is not made the account's own: with a mistyped address that
would be somebody else's card, offered for every further purchase.
"""

import logging
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from .. import killpoints
from ..errors import OutsideFailure, Refusal
from ..memberships.models import Membership
from ..payments.gateway import Gateway
from ..retrying import retried
from . import billing, disputes, guest_parking, guest_returns, holding, leaving, pausing, people, settling, tiers
from .guest_models import GuestPurchase
from .models import Checkout

logger = logging.getLogger(__name__)

State = GuestPurchase.State


class NotClaimable(Refusal):
    """It is somebody's by now, or nobody's any more."""

    message = _("This purchase can no longer be added to an account: it was added to one already, or it is over.")


class NothingToReturn(Refusal):
    message = _("Only what you have already can be returned here. Please write to us.")


def claim(purchase: GuestPurchase, user: AbstractBaseUser, *, gateway: Gateway, now: datetime) -> Checkout:
    """It is this person's from now on. Raises NotClaimable for the second who comes, and AlreadyMember (C6)."""
    if not guest_parking.refresh(purchase, gateway=gateway, now=now).is_claimable:
        raise NotClaimable
    refuse_doubles(user, purchase.membership, now=now)
    pausing.leave_unpaid(user.pk, purchase.membership_id, gateway=gateway, now=now)
    leaving.leave_other_tiers(user.pk, purchase.membership_id, gateway=gateway, now=now)
    killpoints.reach("guest.claiming")
    checkout = _hand_over(purchase.pk, user, now=now)
    killpoints.reach("guest.claimed")
    _open(checkout, gateway=gateway, now=now)
    return checkout


def open_claimed(purchase: GuestPurchase, *, gateway: Gateway, now: datetime) -> None:
    """Pressed again by whoever has it: if the first press broke off in the middle, what it opens is written now."""
    checkout = Checkout.objects.filter(uuid=purchase.uuid, subscription=None).select_related("membership").first()
    if checkout is not None:
        _open(checkout, gateway=gateway, now=now)


def refuse_doubles(user: AbstractBaseUser, membership: Membership, *, now: datetime) -> None:
    """Raise AlreadyMember for who has it, or pays for another tier of its ladder: both would be billed (C6, V29)."""
    holding.refuse_a_second(user, membership, now=now)
    tiers.refuse_another_tier(user, membership, now=now)


def follow(checkout: Checkout, *, gateway: Gateway, now: datetime) -> None:
    """From here on a purchase like every other: read again, with all that was billed before anybody came."""
    settling.settle(gateway.read_checkout(checkout.session_id), gateway=gateway, now=now)
    checkout.refresh_from_db()
    held = checkout.subscription
    if held is not None and held.is_recurring:
        for invoice in reversed(gateway.list_invoices(subscription_id=held.stripe_id)):
            billing.record_invoice_of(billing.Owner.of(held), invoice, gateway=gateway, now=now)
    if held is not None:
        disputes.join(held, now=now)


def give_back(purchase: GuestPurchase, user: AbstractBaseUser, *, gateway: Gateway, now: datetime) -> None:
    """They have it already, and want their money back. Raises NothingToReturn for whoever does not."""
    try:
        refuse_doubles(user, purchase.membership, now=now)
    except holding.AlreadyMember:
        if not guest_returns.decide(purchase.pk, GuestPurchase.Reason.CLAIMER):
            raise NotClaimable from None
        guest_parking.return_what_is_due(purchase, gateway=gateway, now=now)
        return
    raise NothingToReturn


def _open(checkout: Checkout, *, gateway: Gateway, now: datetime) -> None:
    try:
        follow(checkout, gateway=gateway, now=now)
    except OutsideFailure:
        # Theirs it is. What it opens is written by the next webhook, or by the daily job.
        logger.warning("%s is claimed, and could not be read", checkout, exc_info=True)
    checkout.refresh_from_db()


@retried
def _hand_over(purchase_id: int, user: AbstractBaseUser, *, now: datetime) -> Checkout:
    """In one transaction: of two who press at the same moment, one finds nothing left."""
    with transaction.atomic():
        people.lock_person(user.pk)
        purchase = GuestPurchase.objects.select_related("membership").get(pk=purchase_id)
        checkout = _checkout_of(purchase, user.pk, now=now)
        # A second purchase of the same is undone by itself; of two tiers nobody but the student can choose.
        tiers.refuse_another_tier(user, purchase.membership, now=now)
        tiers.refuse_two_pages(checkout)
        if not take(purchase_id, user.pk, now=now):
            raise NotClaimable
        checkout.save()
    return checkout


def _checkout_of(purchase: GuestPurchase, user_id: int, *, now: datetime) -> Checkout:
    """Complete, and without a subscription yet: its place is theirs from here on, and a second purchase is refused."""
    return Checkout(
        uuid=purchase.uuid,
        user_id=user_id,
        membership=purchase.membership,
        price_id=purchase.price_id,
        account=purchase.account,
        livemode=purchase.livemode,
        session_id=purchase.session_id,
        state=Checkout.State.COMPLETE,
        setup_fee=purchase.setup_fee,
        terms_version=purchase.terms_version,
        terms_accepted_at=purchase.terms_accepted_at,
        promotion_code_id=purchase.promotion_code_id,
        language=purchase.language,
        created_at=now,
    )


def take(purchase_id: int, user_id: int, *, now: datetime) -> bool:
    """The one write that decides: it finds what is parked, or it finds nothing."""
    parked = GuestPurchase.objects.unclaimed().filter(pk=purchase_id)
    return bool(parked.update(state=State.CLAIMED, claimed_by_id=user_id, claimed_at=now))
