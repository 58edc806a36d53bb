"""Does the demo live at the sandbox's time, and does the nightly work follow when it moves?"""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from example_site import demo_clock
from example_site.models import SentMail
from lms_memberships.sandbox.server import Sandbox

pytestmark = pytest.mark.django_db

A_MOMENT = timedelta(seconds=5)


@pytest.fixture
def demo(sandbox: Sandbox, settings, tmp_path) -> Sandbox:
    settings.DEMO = True
    settings.DEMO_STATE = tmp_path
    settings.LMS_MEMBERSHIPS_CLOCK = "example_site.demo_clock.now"
    demo_clock.forget_last_answer()
    yield sandbox
    demo_clock.forget_last_answer()


def _advance(sandbox: Sandbox, days: int) -> None:
    sandbox.actions.advance_clock(seconds=days * 86_400)
    demo_clock.forget_last_answer()


def test_the_demo_lives_at_the_sandboxs_time(demo):
    _advance(demo, 30)
    assert abs(demo_clock.now() - timezone.now() - timedelta(days=30)) < A_MOMENT


def test_a_sandbox_that_is_gone_does_not_turn_back_time(demo, settings):
    _advance(demo, 30)
    demo_clock.now()
    settings.LMS_MEMBERSHIPS_STRIPE_API_BASE = "http://127.0.0.1:9"
    demo_clock.forget_last_answer()
    assert abs(demo_clock.now() - timezone.now() - timedelta(days=30)) < A_MOMENT


def test_the_nightly_work_follows_once_when_the_clock_moved(demo):
    assert demo_clock.catch_up() is False
    _advance(demo, 1)
    assert demo_clock.catch_up() is True
    assert demo_clock.catch_up() is False


def test_outside_the_demo_it_is_real_time(demo, settings):
    _advance(demo, 30)
    settings.DEMO = False
    assert abs(demo_clock.now() - timezone.now()) < A_MOMENT


def test_the_demo_has_no_people_outside_the_demo(settings):
    """The seed makes users with a known password."""
    settings.DEMO = False
    from django.core.management import CommandError

    with pytest.raises(CommandError):
        call_command("demo_seed", "school")
    assert not SentMail.objects.exists()
