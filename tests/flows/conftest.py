"""What do several flows begin with? A membership that can be given, whoever it is given to, and an account to be left."""

import pytest
from django.test import Client

from lms_memberships.emails import switches
from lms_memberships.models import Membership, Subscription
from tests.factories import UserFactory, allow
from tests.flows.giving import FRIEND, offer
from tests.flows.steps import buy


@pytest.fixture
def mail_is_on(db) -> None:
    switches.switch_all_on()


@pytest.fixture
def fourteen_days(settings) -> None:
    """So long a purchase can be withdrawn from, as EU law has it."""
    settings.LMS_MEMBERSHIPS_WITHDRAWAL_DAYS = 14


@pytest.fixture
def offered(membership, gateway) -> Membership:
    return offer(membership, gateway)


@pytest.fixture
def friend(db):
    return UserFactory(username="friend", email=FRIEND)


@pytest.fixture
def gift_desk(client_for) -> Client:
    """Somebody who may do everything with gifts."""
    return client_for(allow(UserFactory(username="desk"), "view_gift", "change_gift", "refund_gift"))


@pytest.fixture
def other(db):
    """The account that is to be left."""
    return UserFactory(username="old-account", email="old@school.test")


@pytest.fixture
def old(client_for, other, membership, postman) -> Subscription:
    buy(client_for(other), membership)
    postman.deliver()
    return Subscription.objects.get(user=other)
