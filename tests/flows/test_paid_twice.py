"""Which of two that one person pays for may be undone? Only one beside which the other goes on and gives access (X8, G14, K11)."""

from datetime import timedelta

import pytest
from django.urls import reverse

from lms_memberships.access import decide
from lms_memberships.memberships.ladder_models import Ladder, Tier
from lms_memberships.models import Membership, Refund, Subscription
from lms_memberships.subscriptions import attention
from lms_memberships.subscriptions.models import FOR_GOOD
from tests.creator.crowds import holds
from tests.factories import MembershipFactory, allow, publish, put_into
from tests.flows.backwards import bought
from tests.flows.desk import helper, press, read
from tests.flows.steps import text

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def desk(client_for):
    return client_for(allow(helper(), "refund_invoice"))


@pytest.fixture
def gold(gateway, live_session, membership) -> Membership:
    """The tier above ``membership``."""
    made = publish(put_into(MembershipFactory(title="Gold", price_amount=3900), live_session), gateway=gateway)
    ladder = Ladder.objects.create(title="Studio")
    for place, each in enumerate([membership, made]):
        Tier.objects.create(ladder=ladder, membership=each, sort_order=place)
    return made


@pytest.fixture
def new(old, client_for, student, membership, postman) -> Subscription:
    """The same membership, bought with the account that stays."""
    return bought(client_for(student), membership, postman)


def merge(desk, student, other) -> str:
    said = read(desk, "merge", student, other=other.pk)
    press(desk, "merge", student, other=other.pk)
    return said


def listed(clock) -> list[tuple[int, bool]]:
    """Of each its key, and whether one click undoes it."""
    return [(row.pk, row.is_second) for row in attention.of_kind(attention.Kind.DOUBLES, now=clock.now)]


def undo(desk, row: Subscription) -> str:
    answer = desk.post(reverse("lms_memberships_attention_double", args=[row.pk]), follow=True)
    return text(answer.content.decode())


def test_one_that_ends_is_no_double_and_the_one_that_lives_is_left(
    desk, student, other, old, client_for, membership, postman, clock, live_session, sandbox
):
    """X8, K11: cancelled on the old account, bought on the new one, merged. Nothing is charged twice, and nobody locked out."""
    press(desk, "cancel", other, old.pk)
    new = bought(client_for(student), membership, postman)
    assert "pay for this twice" not in merge(desk, student, other)
    old.refresh_from_db()
    assert old.flag == ""
    assert listed(clock) == []
    assert "does not pay for this membership twice" in undo(desk, new)
    assert not Refund.objects.exists()
    clock.advance(days=33)
    postman.deliver()
    assert decide(student, live_session, now=clock.now).allowed


#: What is wrong with the first one, and whether it is charged still: then it is listed, for somebody to end.
FIRSTS = {
    "ends": ({"cancel_at": 9 * DAY}, False),
    "is failing": ({"status": "past_due"}, True),
    "has failed, and is closed": ({"status": "past_due", "access_until": -DAY}, True),
    "was given up": ({"status": "unpaid", "access_until": -DAY}, False),
    "is disputed": ({"suspended_at": -DAY, "access_until": -DAY, "cancel_at": 9 * DAY}, False),
    "is disputed, and goes on": ({"suspended_at": -DAY, "access_until": -DAY}, True),
    "was revoked": ({"revoked_at": -DAY, "access_until": -DAY}, False),
    "is a trial without a card": ({"status": "trialing", "has_card": False}, False),
    "is paused": ({"void_from": 9 * DAY}, False),
    "is at an unknown price": ({"flag": "unknown_price"}, True),
}


@pytest.mark.parametrize("why", FIRSTS)
def test_the_second_is_not_undone_where_the_first_does_not_go_on(why, desk, student, membership, clock):
    """X8, G14: access would end with it."""
    changes, is_charged = FIRSTS[why]
    changes = {name: clock.now + value if isinstance(value, timedelta) else value for name, value in changes.items()}
    first = holds(student, membership, stripe_id="sub_first", **changes)
    second = holds(student, membership, stripe_id="sub_second")
    assert listed(clock) == ([(first.pk, False)] if is_charged else [])
    assert attention.counts(now=clock.now)["doubles"] == int(is_charged)
    assert "does not pay for this membership twice" in undo(desk, second)
    if is_charged:
        assert "does not pay for this membership twice" in undo(desk, first)
    second.refresh_from_db()
    assert second.revoked_at is None


SECONDS = {
    "goes on": ({}, True),
    "is failing": ({"status": "past_due"}, True),
    "ends": ({"cancel_at": 9 * DAY}, None),
    "is disputed": ({"suspended_at": -DAY, "access_until": -DAY}, False),
    "is paid once": ({"is_recurring": False, "access_until": FOR_GOOD}, None),
}


@pytest.mark.parametrize("why", SECONDS)
def test_a_second_is_undone_while_it_is_charged(why, student, membership, clock):
    """X8, G14: beside a first that goes on."""
    changes, is_second = SECONDS[why]
    changes = {name: clock.now + value if isinstance(value, timedelta) else value for name, value in changes.items()}
    first = holds(student, membership, stripe_id="sub_first")
    second = holds(student, membership, stripe_id="sub_second", **changes)
    if why == "is paid once":
        # The first is charged for what is theirs for good: years of it may be paid, so no click gives them back.
        assert listed(clock) == [(first.pk, False)]
    else:
        assert listed(clock) == ([] if is_second is None else [(second.pk, is_second)])
    assert attention.doubles(clock.now).count() == int(is_second is True)


def test_what_no_click_undoes_leads_to_the_person(desk, student, membership, clock):
    """X8: with words, and a way to the page on which one of the two is ended."""
    first = holds(student, membership, stripe_id="sub_first", status="past_due")
    holds(student, membership, stripe_id="sub_second")
    page = desk.get(reverse("lms_memberships_attention"), {"kind": "doubles"}).content.decode()
    assert "Charged beside another one" in text(page)
    assert reverse("lms_memberships_person", args=[student.pk]) in page
    assert reverse("lms_memberships_attention_double", args=[first.pk]) not in page


def test_two_tiers_of_one_ladder_are_found_and_named(
    desk, student, other, old, gold, client_for, postman, clock, membership
):
    """X8, K11: nothing else would ever tell anybody; which tier to end is for somebody to say."""
    second = bought(client_for(student), gold, postman)
    assert "pay for this twice" in merge(desk, student, other)
    second.refresh_from_db()
    old.refresh_from_db()
    assert (old.flag, second.flag) == ("", "double"), "the one that came second carries the mark"
    assert listed(clock) == [(second.pk, False)]
    assert attention.counts(now=clock.now)["doubles"] == 1
    shown = read(desk, "", student)
    assert "They pay for two tiers of one ladder" in shown
    assert "They hold this membership twice" not in shown
    press(desk, "end", student, old.pk)
    postman.deliver()
    assert listed(clock) == []
    assert "two tiers of one ladder" not in read(desk, "", student)


def test_a_resolved_double_is_not_called_one_any_more(desk, student, other, old, new, postman, clock):
    """K11: whoever obeyed the sentence would end the only one that is left."""
    merge(desk, student, other)
    old.refresh_from_db()
    assert old.flag == "double"
    assert listed(clock) == [(new.pk, True)]
    assert "They hold this membership twice" in read(desk, "", student)
    press(desk, "end", student, new.pk)
    postman.deliver()
    old.refresh_from_db()
    assert old.status == "active"
    assert "They hold this membership twice" not in read(desk, "", student)
    assert listed(clock) == []
