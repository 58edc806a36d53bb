"""Does the account page name no amount that Stripe will not charge, as discounts and credits come and go?"""

import pytest

from lms_memberships.models import Subscription
from tests import hosted
from tests.flows.steps import buy, text
from tests.flows.test_failing import ACCOUNT
from tests.flows.test_promotions import join
from tests.flows.test_promotions import make_code as make_code

pytestmark = pytest.mark.django_db

LESS = "less your discount or credit"


@pytest.fixture
def page(client_for, student):
    return lambda: text(client_for(student).get(ACCOUNT).content.decode())


@pytest.mark.parametrize(
    ("coupon", "is_less"),
    [
        ({"percent_off": 50, "duration": "forever"}, True),
        ({"percent_off": 50, "duration": "once"}, False),
    ],
)
def test_a_discount_is_named_as_long_as_it_is_taken_off(
    coupon,
    is_less,
    client_for,
    student,
    membership,
    make_code,
    postman,
    gateway,
    page,
):
    """P7, J4: what the page says is what Stripe's preview says."""
    make_code(code="HALF", coupon=coupon)
    browser = client_for(student)
    _status, back, _body = hosted.pay(join(browser, membership, "HALF")["Location"])
    browser.get(hosted.path_of(back))
    postman.deliver()
    row = Subscription.objects.get()
    assert (gateway.preview_renewal(row.stripe_id).due.minor < row.amount) is is_less
    assert row.is_reduced is is_less
    assert (LESS in page()) is is_less


def test_a_credit_is_named_until_it_is_used_up(client_for, student, membership, gateway, postman, page, clock):
    """P7, H7"""
    buy(client_for(student), membership)
    postman.deliver()
    assert LESS not in page()
    row = Subscription.objects.get()
    gateway.client.v1.customers.update(row.customer_id, {"balance": -500})
    # Known from the next read of the subscription on, as after a change of tier that gives a credit.
    gateway.client.v1.subscriptions.update(row.stripe_id, {"metadata": {"seen": "1"}})
    postman.deliver()
    assert LESS in page()
    clock.advance(days=31, hours=3)
    postman.deliver()
    assert LESS not in page()
