"""Do the lights name people who wait to be forgotten, or who pay for nothing? (K6, S9)"""

from datetime import timedelta

import pytest
from django.utils import timezone

from lms_memberships.health.evidence import NAMED
from lms_memberships.models import Subscription
from lms_memberships.personal_data.models import Erasure
from tests.flows.steps import buy

pytestmark = pytest.mark.django_db


@pytest.fixture
def bought(well, membership, student, client_for) -> Subscription:
    buy(client_for(student), membership)
    return Subscription.objects.get()


@pytest.mark.parametrize(
    ("age", "red", "warnings"),
    [
        (timedelta(hours=1), set(), set()),
        (timedelta(hours=7), set(), {"erasures"}),
        (timedelta(days=3), {"erasures"}, set()),
    ],
)
def test_an_account_that_cannot_be_deleted_shines_after_a_while(well, student, age, red, warnings):
    """K6, N7: and says what it waits for."""
    then = timezone.now() - age
    Erasure.objects.create(user=student, requested_at=then, next_try_at=then, failure="Connect it again.")
    well.judge()
    assert (well.red, well.warnings, well.consequences) == (red, warnings, {})
    assert "Connect it again." in well.sentence("erasures")


def test_one_that_was_deleted_shines_no_more(well, student):
    then = timezone.now() - timedelta(days=3)
    Erasure.objects.create(user=student, requested_at=then, next_try_at=then, finished_at=then, state="done")
    well.judge()
    assert (well.red, well.warnings) == (set(), set())


def test_without_a_key_the_key_is_named_as_the_cause(well, settings, student):
    """N7"""
    then = timezone.now() - timedelta(days=3)
    Erasure.objects.create(user=student, requested_at=then, next_try_at=then)
    settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY = ""
    well.look()
    assert well.red == {"key"}
    assert well.consequences["erasures"] == "key"


def test_money_for_a_price_of_something_else_is_named(well, bought):
    """S9: billed, and opening nothing."""
    Subscription.objects.update(flag="unknown_price", opened_at=None)
    well.judge()
    assert (well.red, "strangers" in well.warnings) == (set(), True)
    assert bought.stripe_id in well.sentence("strangers")


def test_a_price_that_became_unknown_is_named_with_what_follows(well, bought):
    """G12: open until the end of what was paid, and somebody has to look: an alert, not a remark."""
    Subscription.objects.update(flag="unknown_price")
    well.judge()
    assert (well.red, well.consequences) == ({"strangers"}, {})
    assert bought.stripe_id in well.sentence("strangers")
    assert "access ends with what was paid before" in well.sentence("strangers")


@pytest.mark.parametrize("opened_at", [None, timezone.now()])
def test_what_is_over_is_not(well, bought, opened_at):
    Subscription.objects.update(flag="unknown_price", status="canceled", opened_at=opened_at)
    well.judge()
    assert "strangers" not in well.warnings | well.red


def test_of_very_many_only_the_first_are_named(well, bought):
    Subscription.objects.update(flag="unknown_price", opened_at=None)
    for number in range(NAMED):
        bought.pk, bought.flag, bought.opened_at, bought.stripe_id = None, "unknown_price", None, f"sub_more_{number}"
        bought.save()
    well.judge()
    assert "and more" in well.sentence("strangers")
    assert f"sub_more_{NAMED - 1}" not in well.sentence("strangers")
