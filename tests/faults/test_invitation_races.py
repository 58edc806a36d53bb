"""A crowd opens one invitation at once: does it let in as many as it may, and no more (S22)? With its control."""

import pytest
from django.db import connection

from lms_memberships import clock as our_clock
from lms_memberships.memberships.invitations import InvitationRefused
from lms_memberships.models import Checkout, InvitationUse, Subscription
from lms_memberships.payments import connect
from lms_memberships.subscriptions import checkout, inviting
from tests.factories import UserFactory
from tests.faults.processes import Meeting, at_once, meet_before, nobody_locks, values
from tests.flows.invitations import invite

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer, and so no races"),
]

URLS = ("http://testserver/memberships/done/?session_id={CHECKOUT_SESSION_ID}", "http://testserver/memberships/")
CROWD = 8
LIMIT = 3


def buy(user, link) -> bool:
    """Whether they came to Stripe's page by it."""
    wish, now = checkout.Wish(link.membership, invitation=link), our_clock.now()
    try:
        checkout.start(user, wish, gateway=connect.get_gateway(), language="en", urls=URLS, now=now)
    except InvitationRefused:
        return False
    return True


def accept(user, link) -> bool:
    """Whether they were let in free."""
    try:
        inviting.accept(user, link, language="en", now=our_clock.now())
    except InvitationRefused:
        return False
    return True


def meet(act, link, meeting: Meeting, model: type, *, locks: bool = True) -> int:
    """All of them are let go when each has checked and none has written: how many got in?"""

    def job(user):
        def press() -> bool:
            if not locks:
                nobody_locks()
            meet_before(model, "save", meeting)
            return act(user, link)

        return press

    return sum(values(at_once(*(job(user) for user in UserFactory.create_batch(CROWD)), meeting=meeting)))


def held(link) -> int:
    return Checkout.objects.running().filter(invitation=link).count()


def test_of_a_crowd_one_person_gets_what_is_for_one(membership, no_worker):
    """S22: paid"""
    link, _address = invite(membership)
    meeting = Meeting(CROWD)
    assert meet(buy, link, meeting, Checkout) == 1
    assert held(link) == 1


def test_of_a_crowd_so_many_are_let_in_free_as_may(membership, no_worker):
    """S22: given"""
    link, _address = invite(membership, kind="many", free=True, max_uses=LIMIT)
    meeting = Meeting(CROWD)
    assert meet(accept, link, meeting, InvitationUse) == LIMIT
    assert Subscription.objects.filter(origin="given").count() == LIMIT


def test_control_without_the_lock_one_use_is_sold_several_times(membership, no_worker):
    """S22, negative control"""
    link, _address = invite(membership)
    meeting = Meeting(CROWD)
    assert meet(buy, link, meeting, Checkout, locks=False) > 1
    assert held(link) > 1
