"""What does somebody hold who wants to buy? What is held is not sold twice; what never began is cleared away first."""

from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ..errors import Refusal
from ..memberships import ladders
from ..memberships.models import Membership, Price
from ..payments.gateway import Gateway, SubscriptionStatus
from . import settling
from .copies import CHARGED
from .ending_at_stripe import end_now
from .models import Checkout, Subscription
from .queries import BILLED


class AlreadyMember(Refusal):
    """A second one would charge twice (C6). The message says what they hold."""

    message = _("You already have this membership.")


class RequiresAnother(Refusal):
    """Premium on top (V2): sold only to who holds another membership."""

    message = _("This membership is only for members of “%(title)s”. Join that one first.")


class OtherCurrency(Refusal):
    """Stripe bills one person in one currency at a time (guide §16): said before the page, not by it."""

    message = _(
        "You already pay for a membership in %(theirs)s, and one person can only be billed in one currency at a time. "
        "This price is in %(ours)s: please choose one in %(theirs)s, or write to us."
    )


#: What somebody holds who wants to buy it again.
HELD_TEXTS: dict[str, str | Promise] = {
    SubscriptionStatus.TRIALING: _("You are already trying out “%(title)s”."),
    SubscriptionStatus.ACTIVE: _("You already have “%(title)s”."),
    SubscriptionStatus.PAST_DUE: _(
        "You already have “%(title)s”, but the last payment failed. Check your card in your account."
    ),
}
#: Whether that is decided already says the account page.
DISPUTED: str | Promise = _(
    "You already have “%(title)s”, and it is closed because its payment was disputed at a bank. Your account says more."
)
#: Paid for, and the bank is still at it: the words that keep people from paying twice (C7).
ON_ITS_WAY: str | Promise = _(
    "Your payment for “%(title)s” is on its way, and your bank has not confirmed it yet. Please do not pay again: "
    "access opens as soon as it has, and if it fails you can try again."
)


def refuse_a_second(user: AbstractBaseUser, membership: Membership, *, now: datetime) -> None:
    """Raise AlreadyMember for what is held, or on its way."""
    held = Subscription.objects.of(user).filter(membership_id=membership.pk).held(now).order_by("pk").first()
    if held is not None:
        raise AlreadyMember(what_is_held(held, membership.title))
    if Checkout.objects.of(user).filter(membership_id=membership.pk).on_their_way(now).exists():
        raise AlreadyMember(on_its_way(membership.title))


def what_is_held(held: Subscription, title: str) -> str:
    """Why it is not sold to whoever holds this."""
    text = HELD_TEXTS.get(held.status, HELD_TEXTS[SubscriptionStatus.ACTIVE])
    if held.suspended_at is not None:
        text = DISPUTED
    elif held.opened_at is None and held.status in CHARGED:
        text = ON_ITS_WAY
    return str(text) % {"title": title}


def on_its_way(title: str) -> str:
    """The words for a debit of which nothing but the payment page is known."""
    return str(ON_ITS_WAY) % {"title": title}


def refuse_without_required(user: AbstractBaseUser, membership: Membership, *, now: datetime) -> None:
    """Raise RequiresAnother for who does not hold what this one stands on. Being a member counts, however one became it."""
    required = membership.requires
    if required is None:
        return
    # A higher tier contains the lower one.
    if not Subscription.objects.of(user).filter(ladders.and_above([required.pk])).giving_access(now).exists():
        raise RequiresAnother(str(RequiresAnother.message) % {"title": required.title})


def refuse_other_currency(user: AbstractBaseUser, price: Price, *, gateway: Gateway) -> None:
    """Raise OtherCurrency while something of theirs runs in another one in this account."""
    if not price.is_recurring:
        return
    running = Subscription.objects.at(gateway).of(user).filter(is_recurring=True, status__in=BILLED)
    other = running.exclude(currency=price.currency).exclude(currency="").order_by("pk").first()
    if other is not None:
        words = {"theirs": other.currency.upper(), "ours": price.currency.upper()}
        raise OtherCurrency(str(OtherCurrency.message) % words)


def clear_away_unpaid(user: AbstractBaseUser, membership: Membership, *, gateway: Gateway, now: datetime) -> None:
    """End what waits for a first payment that failed (C9): it could still be paid, and would be a second one then."""
    mine = Subscription.objects.at(gateway).of(user).filter(membership_id=membership.pk)
    for waiting in mine.never_begun().order_by("pk"):
        settling.follow_subscription(waiting.stripe_id, gateway=gateway, now=now)
        if mine.never_begun().filter(pk=waiting.pk).exists():
            end_now(waiting.stripe_id, purpose="clear_away_unpaid", gateway=gateway)
            settling.follow_subscription(waiting.stripe_id, gateway=gateway, now=now)
