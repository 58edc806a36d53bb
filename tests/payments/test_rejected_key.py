"""What if the key is revoked while the site runs? Every page of ours opens, says so, and nobody loses access."""

import html
import json
import re
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from lms_memberships import clock as our_clock
from lms_memberships.models import Account, Subscription
from lms_memberships.payments import connect
from lms_memberships.sandbox.faults import Fault
from lms_memberships.subscriptions import lifecycle
from tests.factories import UserFactory
from tests.subscriptions import said

pytestmark = pytest.mark.django_db

#: Links, and the menu, which is told to the browser as JSON.
OURS = re.compile(r'"(/admin/[^"#?<\s]*(?:membership|stripe|health|subscription|invoice|email)[^"#?<\s]*)"')
ENDS_THE_VISIT = re.compile(r"logout|delete|/autosave")
MOST_PAGES = 30


def crawl(browser) -> dict[str, str]:
    """Every page of ours in the admin that a link leads to, with what it says."""
    waiting, seen = [reverse("wagtailadmin_home")], {}
    while waiting and len(seen) < MOST_PAGES:
        address = waiting.pop(0)
        if address in seen:
            continue
        answer = browser.get(address)
        assert answer.status_code < 500, address
        seen[address] = "" if answer.streaming else answer.content.decode(errors="replace")
        waiting += [each for each in OURS.findall(seen[address]) if not ENDS_THE_VISIT.search(each)]
    return seen


def test_with_a_revoked_key_every_page_opens_and_says_so(membership, student, admin, client_for, sandbox):
    """D12"""
    read = said.subscription(said.attempt(student, membership))
    lifecycle.reconcile(read, gateway=said.unreachable_gateway(), now=said.NOW)
    sandbox.faults.plan(Fault("status", status=401, count=0))
    Account.objects.update(checked_at=our_clock.wall_time() - timedelta(hours=1))
    before = list(Subscription.objects.values("pk", "status", "access_until"))
    pages = crawl(client_for(admin))
    assert len(pages) > 5
    settings_page = next(text for address, text in pages.items() if address.endswith("/stripe/"))
    state = connect.ensure_fresh()
    assert state.code == "failed"
    assert str(state.problem) in html.unescape(settings_page)
    assert list(Subscription.objects.values("pk", "status", "access_until")) == before
    assert len(before) == 1
    assert client_for(UserFactory()).get(membership.get_absolute_url()).status_code == 200


def key_light() -> tuple[str, str]:
    """What the doctor tells machines of the key: its state, and the sentence."""
    out = StringIO()
    try:
        call_command("memberships_doctor", "--json", stdout=out)
        code = 0
    except CommandError:
        code = 1
    said_of = {each["name"]: each for each in json.loads(out.getvalue())["lights"]}
    assert code == 1 or said_of["key"]["state"] != "fault", "a fault is told to machines by the exit code too"
    return said_of["key"]["state"], said_of["key"]["sentence"]


@pytest.mark.parametrize(("code", "words"), [("", "expired"), ("invalid_api_key", "does not accept the key")])
def test_with_a_revoked_key_the_doctor_is_red(membership, sandbox, code, words):
    """D12; before, the negative control, it is not."""
    assert key_light()[0] == "ok"
    sandbox.faults.plan(Fault("status", status=401, code=code, count=0))
    state, sentence = key_light()
    assert state == "fault"
    assert words in sentence
