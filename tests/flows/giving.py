"""Which steps do the flows of gifts share? Offering, filling in, paying, redeeming, and reading the mail."""

from datetime import date

from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

import tests.clock
from lms_memberships.emails import outbox
from lms_memberships.memberships import gift_offers
from lms_memberships.models import Gift, GiftOffer, Membership
from lms_memberships.money import Money
from lms_memberships.payments.gateway import Gateway
from lms_memberships.subscriptions import gift_links
from tests import hosted
from tests.flows.steps import text

FRIEND = "friend@elsewhere.test"


def offer(membership: Membership, gateway: Gateway) -> Membership:
    """It can be given for three months or a year."""
    gift_offers.write(membership, {3: Money(4900, "eur"), 12: Money(15900, "eur")})
    assert gift_offers.prepare(membership, gateway=gateway, now=tests.clock.now()) == []
    return membership


def today(clock) -> date:
    return timezone.localdate(clock.now)


def form(membership, months: int = 3, **fields: object) -> dict[str, object]:
    offer = GiftOffer.objects.get(membership=membership, months=months)
    return {
        "offer": offer.pk,
        "recipient_name": "Kim",
        "delivery": "mail",
        "recipient_email": FRIEND,
        "deliver_on": timezone.localdate(tests.clock.now()).isoformat(),
        "message": "Happy birthday!",
        "from_name": "Ada",
        **fields,
    }


def press(browser: Client, membership, **fields: object):
    return browser.post(reverse("lms_memberships:give", args=[membership.slug]), form(membership, **fields))


def pay(browser: Client, membership, **fields: object) -> Gift:
    """Fill in, pay, come back."""
    answer = press(browser, membership, **fields)
    assert answer.status_code == 303, text(answer.content.decode())
    status, location, body = hosted.pay(answer["Location"])
    assert status == 303, body[:2000]
    back = browser.get(hosted.path_of(location))
    assert back.status_code == 302, text(back.content.decode())
    return Gift.objects.latest("pk")


def path(gift: Gift) -> str:
    return reverse("lms_memberships:gift", args=[gift_links.token_of(gift)])


def redeem(browser: Client, gift: Gift) -> str:
    """Press the button; what is said afterwards."""
    return text(browser.post(path(gift), follow=True).content.decode())


def mails_to(address: str) -> list[str]:
    """What has reached them, once all that is owed has left."""
    outbox.deliver_due(now=tests.clock.now())
    return [message.subject for message in mail.outbox if message.to == [address]]


def refunds(sandbox) -> list[int]:
    return [refund["amount"] for refund in sandbox.store.all("refund", account=sandbox.account_id)]


def at_desk(desk: Client, what: str, gift: Gift, **fields: object) -> str:
    """Press a button on the gift's page in the admin; what is said afterwards."""
    answer = desk.post(reverse(f"lms_memberships_gifts_{what}", args=[gift.pk]), fields, follow=True)
    return text(answer.content.decode())
