"""What do the tests of webhooks share? Somebody who buys, and closes the tab."""

import pytest

from lms_memberships.models import Checkout
from lms_memberships.subscriptions import checkout
from tests import hosted

URLS = ("http://testserver/memberships/done/?session_id={CHECKOUT_SESSION_ID}", "http://testserver/memberships/")


@pytest.fixture
def pay(gateway, now):
    """Press, pay, close the tab (C3)."""

    def go(user, membership, **card) -> Checkout:
        hosted.pay(
            checkout.start(user, checkout.Wish(membership), gateway=gateway, language="en", urls=URLS, now=now), **card
        )
        return Checkout.objects.filter(user=user, membership=membership).latest("pk")

    return go
