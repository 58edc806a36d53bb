"""How is a gift bought? One page at Stripe, paid once; a place is taken from then on, and nothing ever renews (X15)."""

from dataclasses import asdict, dataclass
from datetime import date, datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .. import conf, killpoints
from ..errors import Refusal
from ..memberships import gift_offers
from ..memberships.gift_offer_models import GiftOffer
from ..memberships.models import Membership
from ..payments import intents
from ..payments.connect import Connection
from ..payments.customers import customer_for
from ..payments.gateway import CheckoutRequest, CheckoutSnapshot, Gateway, NotFound, RequestRefused
from ..retrying import retried
from . import closing, gift_links, gift_settling, people, places, terms
from .checkout import NotOnSale, NotYours, PriceHasChanged
from .gift_models import Gift

PURPOSE = "gift_checkout"


class DayIsOver(Refusal):
    message = gettext_lazy("The day of delivery is over. Please choose today or a later one.")


class AnotherIsOpen(Refusal):
    """Two windows, two gifts, one moment."""

    message = gettext_lazy("Another gift is being paid for just now, and nothing was charged. Please try again.")


@dataclass(frozen=True)
class Wish:
    """What somebody wants to give. The price is looked up in the database (H8)."""

    membership: Membership
    offer_id: int
    from_name: str
    recipient_name: str
    #: Empty: the giver hands it over.
    recipient_email: str
    message: str
    deliver_on: date
    #: Which terms of sale they accepted (X16).
    terms: str = ""


def start(
    giver: AbstractBaseUser,
    wish: Wish,
    *,
    gateway: Gateway,
    language: str,
    urls: tuple[str, str],
    now: datetime,
) -> str:
    """The address of Stripe's page. Asking twice for the same gift gives the same one; another gift takes its place.

    ``urls`` are where Stripe sends them back to: after paying, and without.
    """
    terms.refuse_unaccepted(wish.terms)
    offer = _offer(wish, gateway)
    draft = _draft(giver, wish, offer, language=language, now=now)
    running = Gift.objects.filter(giver_id=giver.pk, membership=wish.membership).with_an_open_page().first()
    if running is not None:
        url = _reuse(running, draft, gateway=gateway, now=now)
        if url:
            return url
    customer_id = customer_for(giver, gateway=gateway, language=language)
    gift = _plan(draft, now=now)
    killpoints.reach("gift.planned")
    return _open(gift, offer, _request(gift, customer_id=customer_id, language=language, urls=urls), gateway=gateway)


def finish(giver: AbstractBaseUser, session_id: str, *, gateway: Gateway, now: datetime) -> Gift:
    """The way back: what came of this person's gift, as Stripe says it now. Safe to call again."""
    mine = Gift.objects.at(gateway).filter(giver_id=giver.pk)
    if not session_id or not mine.filter(session_id__in=[session_id, ""]).exists():
        raise NotYours
    try:
        snapshot = gateway.read_checkout(session_id)
    except (NotFound, RequestRefused):
        raise NotYours from None
    found = gift_settling.find(snapshot, gateway=gateway)
    if found is None or found.giver_id != giver.pk:
        raise NotYours
    return gift_settling.settle(snapshot, gateway=gateway, now=now) or found


def refuse_a_day_that_is_over(day: date, *, now: datetime) -> None:
    if day < timezone.localdate(now, timezone.get_default_timezone()):
        raise DayIsOver


def _offer(wish: Wish, gateway: Gateway) -> GiftOffer:
    connection = Connection(account_id=gateway.account_id, livemode=gateway.livemode)
    if not Membership.objects.on_sale(connection).filter(pk=wish.membership.pk).exists():
        raise NotOnSale
    sold = GiftOffer.objects.sold(connection).select_related("membership")
    offer = sold.filter(pk=wish.offer_id, membership_id=wish.membership.pk).first()
    if offer is None:
        raise PriceHasChanged
    return offer


def _draft(giver: AbstractBaseUser, wish: Wish, offer: GiftOffer, *, language: str, now: datetime) -> Gift:
    """The gift with all that must not change under it (C8)."""
    refuse_a_day_that_is_over(wish.deliver_on, now=now)
    gift = Gift(
        giver_id=giver.pk,
        membership=offer.membership,
        account=offer.account,
        livemode=offer.livemode,
        price_id=offer.stripe_id,
        months=offer.months,
        amount=offer.amount,
        currency=offer.currency,
        from_name=wish.from_name,
        recipient_name=wish.recipient_name,
        recipient_email=wish.recipient_email,
        message=wish.message,
        deliver_on=wish.deliver_on,
        language=language,
        created_at=now,
    )
    terms.note(gift, now=now)
    gift_links.give_new(gift)
    return gift


def _is_same(gift: Gift, other: Gift) -> bool:
    """Whether both would give the same to the same person: a second press, and not a second gift."""
    names = (
        "price_id",
        "months",
        "from_name",
        "recipient_name",
        "recipient_email",
        "message",
        "deliver_on",
        "terms_version",
    )
    return all(getattr(gift, name) == getattr(other, name) for name in names)


def _reuse(gift: Gift, draft: Gift, *, gateway: Gateway, now: datetime) -> str:
    """The open page's address if it gives what is asked for now; else it is closed first, and "" comes back."""
    is_here = (gift.account, gift.livemode) == (gateway.account_id, gateway.livemode)
    if not gift.session_id or not is_here:
        is_too_old = places.is_page_too_old(gift, now=now)
        if not is_here or is_too_old or not _is_same(gift, draft):
            gift_settling.abandon(gift)
        return ""
    snapshot = gateway.read_checkout(gift.session_id)
    if snapshot.status == "open" and _is_same(gift, draft):
        return snapshot.url
    if snapshot.status == "open":
        closing.expire(gift.session_id, gateway=gateway)
        # Paid in this very moment? Then it is complete now.
        snapshot = gateway.read_checkout(gift.session_id)
    gift_settling.settle(snapshot, gateway=gateway, now=now)
    return ""


@retried
def _plan(draft: Gift, *, now: datetime) -> Gift:
    """The one gift of this person for this membership whose page is open: two presses share it (C6)."""
    with transaction.atomic():
        people.lock_person(draft.giver_id)
        mine = Gift.objects.filter(giver_id=draft.giver_id, membership_id=draft.membership_id)
        running = mine.with_an_open_page().select_related("membership").first()
        if running is not None:
            if not _is_same(running, draft):
                raise AnotherIsOpen
            places.reserve_gift(running, now=now)
            return running
        if places.reserve_gift(draft, now=now):
            # Whole seconds, as Stripe has them: asked again, it is the same request.
            draft.expires_at = (now + places.RESERVED_FOR).replace(microsecond=0)
        draft.save()
    return draft


def _request(gift: Gift, *, customer_id: str, language: str, urls: tuple[str, str]) -> CheckoutRequest:
    words = _("Gift: %(membership)s, %(length)s") % {
        "membership": gift.membership.title,
        "length": gift_offers.length_text(gift.months),
    }
    return CheckoutRequest(
        price_id=gift.price_id,
        currency=gift.currency,
        recurring=False,
        customer_id=customer_id,
        success_url=urls[0],
        cancel_url=urls[1],
        reference=str(gift.uuid),
        description=words,
        # No attempt: nothing that follows purchases may take it for one.
        metadata={
            people.USER_KEY: str(gift.giver_id),
            people.MEMBERSHIP_KEY: str(gift.membership.uuid),
            people.GIFT_KEY: str(gift.uuid),
        },
        language=language,
        automatic_tax=conf.STRIPE_TAX,
        expires_at=None if gift.session_id else gift.expires_at,
    )


def _open(gift: Gift, offer: GiftOffer, request: CheckoutRequest, *, gateway: Gateway) -> str:
    expires_at = request.expires_at and request.expires_at.isoformat()
    try:
        snapshot = intents.carry_out(
            purpose=PURPOSE,
            subject=str(gift.uuid),
            parameters={**asdict(request), "expires_at": expires_at},
            gateway=gateway,
            call=lambda key: gateway.create_checkout(request, key=key),
            result_id=lambda session: session.id,
            find=lambda: gateway.find_checkout(customer_id=request.customer_id, reference=request.reference),
        )
    except (RequestRefused, NotFound):
        gift_settling.abandon(gift)
        if gift_offers.forget_if_archived(offer, gateway=gateway):
            raise PriceHasChanged from None
        raise
    killpoints.reach("gift.opened")
    _note(gift, snapshot)
    return snapshot.url


@retried
def _note(gift: Gift, snapshot: CheckoutSnapshot) -> None:
    # Only while it is planned: the webhook may have come first, and knows the session as well.
    planned = Gift.objects.filter(pk=gift.pk).with_an_open_page()
    planned.update(session_id=snapshot.id, url=snapshot.url, expires_at=snapshot.expires_at)
