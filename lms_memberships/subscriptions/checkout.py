"""How does a student buy? One open page at Stripe for a person and a membership, and the way back from it."""

from dataclasses import asdict, dataclass
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from .. import conf, killpoints
from ..memberships import selling, stripe_catalogue
from ..memberships.invitation_models import InvitationLink
from ..memberships.models import Membership
from ..memberships.promotions import CodeNotUsable, Reason
from ..money import Money
from ..payments import intents
from ..payments.connect import Connection
from ..payments.customers import customer_for
from ..payments.gateway import (
    CheckoutRequest,
    CheckoutSnapshot,
    Gateway,
    NotFound,
    RequestRefused,
    SetupFee,
)
from ..payments.models import Intent
from ..retrying import retried
from . import codes, holding, inviting, leaving, pausing, people, places, settling, terms, tiers, trials
from .guest_models import GuestPurchase
from .models import Checkout
from .purchase_refusals import NotOnSale as NotOnSale
from .purchase_refusals import NotYours as NotYours
from .purchase_refusals import PriceHasChanged as PriceHasChanged


@dataclass(frozen=True)
class Wish:
    """What somebody asks for. None of it is believed: each is looked up in the database (H8).

    ``price_id`` is the pk of one of our prices; None: the one that is shown first. ``code`` is a promotion code as
    typed; whoever hands one in counts the try first (``memberships.guesses``). ``terms``: which ones they accepted.
    """

    membership: Membership
    price_id: int | None = None
    code: str = ""
    #: Looked up by its token: it opens its own price, hidden or not.
    invitation: InvitationLink | None = None
    terms: str = ""


def start(
    user: AbstractBaseUser,
    wish: Wish,
    *,
    gateway: Gateway,
    language: str,
    urls: tuple[str, str],
    now: datetime,
) -> str:
    """The address of Stripe's page on which this person can buy what they wish. Asking twice gives the same one.

    ``urls`` are where Stripe sends them back to: after paying, and without. Nothing else comes from the browser:
    membership and price are read from the database (H8), the code from Stripe. Raises CodeNotUsable for a code that
    does not hold: nobody comes to a page that asks for more than they expect (X9).
    """
    draft = _wanted(user, wish, gateway=gateway, language=language, now=now)
    offer = draft.membership
    leaving.leave_other_tiers(user.pk, offer.pk, gateway=gateway, now=now)
    open_one = _running(user, offer)
    if open_one is not None:
        url = _reuse(open_one, draft, gateway=gateway, now=now)
        if url:
            return url
    holding.clear_away_unpaid(user, offer, gateway=gateway, now=now)
    pausing.leave_unpaid(user.pk, offer.pk, gateway=gateway, now=now)
    holding.refuse_a_second(user, offer, now=now)
    tiers.refuse_another_tier(user, offer, now=now)
    customer_id = customer_for(user, gateway=gateway, language=language)
    checkout = _plan(draft, now=now)
    killpoints.reach("buy.planned")
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
    return trials.days_for(user, [membership]).get(membership.pk, 0)


def looked_up(wish: Wish, gateway: Gateway) -> tuple[Membership, selling.Sold]:
    """What is wished for, as the database has it now (H8). Raises NotOnSale or PriceHasChanged."""
    connection = Connection(account_id=gateway.account_id, livemode=gateway.livemode)
    offer = Membership.objects.on_sale(connection).filter(pk=wish.membership.pk).first()
    if offer is None:
        raise NotOnSale
    all_sold = selling.sold(offer, connection)
    choices = all_sold if wish.invitation else selling.open_to_all(all_sold)
    chosen = selling.choose(choices, wish.invitation.price_id if wish.invitation else wish.price_id)
    if chosen is None:
        raise PriceHasChanged
    return offer, chosen


def _wanted(user: AbstractBaseUser, wish: Wish, *, gateway: Gateway, language: str, now: datetime) -> Checkout:
    """The attempt, not saved yet, if the rules let this person make it."""
    terms.refuse_unaccepted(wish.terms)
    offer, chosen = looked_up(wish, gateway)
    holding.refuse_a_second(user, offer, now=now)
    holding.refuse_without_required(user, offer, now=now)
    tiers.refuse_another_tier(user, offer, now=now)
    holding.refuse_other_currency(user, chosen.price, gateway=gateway)
    draft = _draft(user, offer, chosen, language=language, now=now)
    inviting.bring(draft, wish.invitation, now=now)
    terms.note(draft, now=now)
    if wish.code:
        draft.promotion_code = codes.find(wish.code, chosen.price, user=user, gateway=gateway, now=now)
    return draft


def _draft(
    user: AbstractBaseUser, membership: Membership, chosen: selling.Sold, *, language: str, now: datetime
) -> Checkout:
    """The attempt with all that must not change under it (C8)."""
    price, fee = chosen.price, chosen.way.setup_fee
    return Checkout(
        user_id=user.pk,
        membership=membership,
        price=price,
        account=price.account,
        livemode=price.livemode,
        trial_days=trial_days_for(user, membership) if price.is_recurring else 0,
        setup_fee=fee.minor if fee else 0,
        language=language,
        created_at=now,
    )


def _running(user: AbstractBaseUser, membership: Membership) -> Checkout | None:
    return Checkout.objects.of(user).filter(membership_id=membership.pk).running().first()


def _reuse(checkout: Checkout, draft: Checkout, *, gateway: Gateway, now: datetime) -> str:
    """The open page's address if it still sells what is asked for now; else it is closed first, and "" comes back."""
    is_too_old = not checkout.session_id and places.is_page_too_old(checkout, now=now)
    is_same = not is_too_old and _sells(checkout) == _sells(draft)
    if is_same and not checkout.session_id:
        # Planned, and no answer noted: the same attempt goes on, under the same key.
        return ""
    snapshot = None
    if is_same and (checkout.account, checkout.livemode) == (gateway.account_id, gateway.livemode):
        snapshot = gateway.read_checkout(checkout.session_id)
        if snapshot.status == "open":
            return snapshot.url
    leaving.leave(checkout, snapshot, gateway=gateway, now=now)
    return ""


def _sells(checkout: Checkout) -> tuple[object, ...]:
    """What a buyer would see on its page: an attempt that differs in it is another one."""
    bought = checkout.price_id, checkout.trial_days, checkout.setup_fee, checkout.promotion_code_id
    # Under other terms it is another purchase: each row proves what was accepted for it.
    return *bought, checkout.invitation_id, checkout.terms_version


@retried
def _plan(draft: Checkout, *, now: datetime) -> Checkout:
    """The one running attempt of this person for this membership: two tabs share it (C6)."""
    with transaction.atomic():
        people.lock_person(draft.user_id)
        running = Checkout.objects.filter(user_id=draft.user_id, membership_id=draft.membership_id).running().first()
        attempt = running or draft
        places.reserve_page(attempt, now=now)
        if running is None:
            # Looked at again: one that was paused may have gone on in another window meanwhile.
            tiers.refuse_another_tier(draft.user, draft.membership, now=now)
            tiers.refuse_two_pages(draft)
            trials.lock_offer(draft)
            # Saved, it holds one use of its code until it is over.
            codes.reserve(draft, now=now)
            inviting.reserve(draft, now=now)
            draft.save()
    return attempt


def _request(
    checkout: Checkout, membership: Membership, *, customer_id: str, language: str, urls: tuple[str, str]
) -> CheckoutRequest:
    success_url, cancel_url = urls
    price = checkout.price
    fee = fee_of(checkout) if checkout.setup_fee else None
    code = checkout.promotion_code
    return CheckoutRequest(
        price_id=price.stripe_id,
        currency=price.currency,
        setup_fee=fee,
        recurring=price.is_recurring,
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
        # Of one that is open already it is Stripe's own word.
        expires_at=None if checkout.session_id else checkout.expires_at,
        promotion_code_id=code.stripe_id if code else "",
        # Whoever brought no code may still type one on Stripe's page.
        allow_promotion_codes=code is None and codes.are_asked_for_by_stripe(checkout),
        automatic_tax=conf.STRIPE_TAX,
    )


def fee_of(checkout: Checkout | GuestPurchase) -> SetupFee:
    """What is paid once beside the first payment, as Stripe is asked for it."""
    price = checkout.price
    # Said of the fee only where it is said of the price: Stripe takes no line without it when it reckons tax.
    behavior = price.tax_behavior if conf.STRIPE_TAX else ""
    return SetupFee(price.product_id, Money(checkout.setup_fee, price.currency), tax_behavior=behavior)


def _open(checkout: Checkout, request: CheckoutRequest, *, gateway: Gateway) -> str:
    try:
        snapshot = intents.carry_out(
            purpose="checkout",
            subject=str(checkout.uuid),
            parameters=_plain(request),
            gateway=gateway,
            call=lambda key: gateway.create_checkout(request, key=key),
            result_id=lambda session: session.id,
            find=lambda: gateway.find_checkout(customer_id=request.customer_id, reference=request.reference),
        )
    except (RequestRefused, NotFound):
        # Nothing was made, and nothing would be: the next try is a new attempt.
        settling.close(checkout, Checkout.State.EXPIRED)
        if stripe_catalogue.forget_if_archived(checkout.price, checkout.membership, gateway=gateway):
            raise PriceHasChanged from None
        if checkout.promotion_code_id:
            # For a first purchase only, for another customer, for larger amounts: Stripe alone knows all conditions.
            raise CodeNotUsable(Reason.REFUSED) from None
        raise
    killpoints.reach("buy.opened")
    _note(checkout, snapshot)
    return snapshot.url


def _plain(request: CheckoutRequest) -> dict[str, object]:
    """What the request depends on, as an intent keeps it."""
    return {**asdict(request), "expires_at": request.expires_at and request.expires_at.isoformat()}


def find_session(intent: Intent, gateway: Gateway) -> str | None:
    """What came of an intent of ours, from its row."""
    asked = {name: str(intent.parameters[name]) for name in ("customer_id", "reference")}
    found = gateway.find_checkout(**asked)
    return found.id if found is not None else None


@retried
def _note(checkout: Checkout, snapshot: CheckoutSnapshot) -> None:
    # Only a planned one: the webhook may have come first and completed it.
    Checkout.objects.filter(pk=checkout.pk).update(
        session_id=snapshot.id, url=snapshot.url, expires_at=snapshot.expires_at
    )
    Checkout.objects.filter(pk=checkout.pk, state=Checkout.State.PLANNED).update(state=Checkout.State.OPEN)
