"""Does every address answer every role as the table says, whatever it is asked?"""

import copy
import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.views.generic import View
from wagtail.admin.views.generic.permissions import PermissionCheckedMixin

from lms_memberships.creator.email_settings import EmailSettings
from lms_memberships.creator.stripe_settings import ConnectPermissionMixin
from lms_memberships.models import Subscription
from lms_memberships.portal import cancelling
from lms_memberships.wizard import chooser
from tests.faults.sizes import SEED, pick

from .asking import ask, fingerprint, outcome
from .matrix import AGAIN, CHOOSER, MATRIX, WITHOUT_TOKEN, WRITES_ON_GET, Expected, Row
from .stage import ROLES, Stage
from .urls import our_addresses

pytestmark = pytest.mark.django_db

#: When something was last seen: notes about the site itself, at most one a minute, about nobody and for nobody.
SIGNS_OF_LIFE = {"lms_memberships.Sign"}
#: How often somebody had Stripe asked: what keeps a page from being used up is written where it is looked at (S37).
COUNTED = {"lms_memberships.GuessTally"}
#: Those for whom a page has most to do.
LOOKING = ["member", "site admin", "superuser"]
#: Roles a row and answer; None: every cell. The whole table is thousands of requests.
MOST = pick(test=1, ci=None, soak=None)


def address(name: str, row: Row, stage: Stage) -> str:
    return reverse(name, kwargs=row.arguments(stage)) + row.query


@contextmanager
def undone() -> Iterator[None]:
    """What happens inside did not: the next role finds the stage as it was. As Django's TestCase does it."""
    block = transaction.atomic()
    block._from_testcase = True
    with block:
        yield
        transaction.set_rollback(True)


def asked(name: str, expected: Expected) -> list[str]:
    """The roles of this run: all of them, or of each answer in a row so many, chosen by the seed."""
    if MOST is None:
        return list(ROLES)
    chosen = []
    for answer in sorted(set(expected.values())):
        roles = [role for role in ROLES if expected[role] == answer]
        drawn = random.Random(f"{SEED} {name} {answer}")  # noqa: S311 - which cells are tried is no secret
        chosen += drawn.sample(roles, min(MOST, len(roles)))
    return chosen


def differences(
    stage: Stage, method: str, names: Iterable[str] = MATRIX, *, roles: Iterable[str] | None = None
) -> list[str]:
    """Every cell of the table that is answered otherwise."""
    found = []
    cookies = {role: stage.window(role).cookies for role in ROLES}
    for name in names:
        row = MATRIX[name]
        expected = row.post if method == "POST" else row.get
        for role in roles or asked(name, expected):
            window = Client()
            window.cookies = copy.deepcopy(cookies[role])
            with undone():
                answer = outcome(ask(window, method, address(name, row, stage)))
            if answer != expected[role]:
                found.append(f"{method} {name} as {role}: {answer}, not {expected[role]}")
    return found


# --- The table is whole ----------------------------------------------------------------------------------------------


def test_every_address_of_ours_stands_in_the_table():
    """T16, S46: a view that was added yesterday has a row, or this fails."""
    assert our_addresses().keys() == MATRIX.keys()
    assert len(MATRIX) >= 50
    for name, row in MATRIX.items():
        assert row.get.keys() == row.post.keys() == ROLES.keys(), name


def test_an_address_that_nobody_wrote_down_is_noticed(settings):
    """T16, negative control: one more view of ours, mounted by a site."""
    settings.ROOT_URLCONF = "tests.security.forgotten_urls"
    assert our_addresses().keys() - MATRIX.keys() == {"forgotten"}


# --- Every cell ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_role_is_answered_as_the_table_says(stage, method):
    """T16, S46, S24, S48: over HTTP, each role with its own session. In CI every cell."""
    assert "\n".join(differences(stage, method)) == ""


@pytest.mark.parametrize("queue", AGAIN)
def test_only_the_right_to_try_again_begins_a_row_again(stage, queue):
    """S24, S46: a row that was given up moves for its own right alone; the control is the one who holds it."""
    row = stage.owed[queue]
    address = reverse(f"lms_memberships_{queue}_again", args=[row.pk])
    for role, held in ROLES.items():
        before = row.state
        with undone():
            ask(stage.window(role), "POST", address)
            moved = type(row).objects.get(pk=row.pk).state != before
        assert moved is (AGAIN[queue] in (held or ())), role


def test_without_the_check_of_a_settings_page_the_table_notices(stage, monkeypatch):
    """T16, negative controls: each view without its own check, and nothing else changed."""
    monkeypatch.setattr(ConnectPermissionMixin, "dispatch", View.dispatch)
    names = ["lms_memberships_stripe_settings", "lms_memberships_stripe_check"]
    assert len(differences(stage, "POST", names, roles=ROLES)) >= len(ROLES) / 2


def test_without_wagtails_check_the_table_notices(stage, monkeypatch):
    """T16, negative control"""
    monkeypatch.setattr(PermissionCheckedMixin, "dispatch", View.dispatch)
    assert EmailSettings.dispatch is not View.dispatch
    names = ["lms_memberships_emails_all_on", *(name for name in MATRIX if name.endswith((":delete", ":unpublish")))]
    assert len(differences(stage, "POST", names, roles=ROLES)) >= 20


def test_without_whose_it_is_the_table_notices(stage, monkeypatch):
    """S19, negative control: the look-up starts from every row, not from the person's."""
    monkeypatch.setattr(cancelling, "_mine", lambda request: Subscription.objects.all())
    assert len(differences(stage, "GET", ["lms_memberships:cancel"], roles=ROLES)) >= 10


def test_with_wagtails_own_chooser_the_table_notices(stage, monkeypatch):
    """S25, negative control"""
    monkeypatch.setattr(chooser, "offered_to", lambda person: chooser.Membership.objects.all())
    assert differences(stage, "GET", [f"{CHOOSER}:chosen"], roles=ROLES)


# --- Forged requests (S35) -------------------------------------------------------------------------------------------


def forging(stage: Stage) -> list[Client]:
    """The browsers of a stranger, a member and somebody who may do everything; each checks the token."""
    return [stage.window(role, enforce_csrf_checks=True) for role in ("anonymous", "member", "superuser")]


def forged(stage: Stage, names: Iterable[str], windows: list[Client]) -> dict[str, set[int]]:
    """POSTs that a page elsewhere makes them send."""
    return {
        name: {ask(window, "POST", address(name, MATRIX[name], stage)).status_code for window in windows}
        for name in names
    }


def test_a_post_without_the_token_is_refused_everywhere(stage):
    """S35: and changes nothing; the exceptions are four, each with its reason."""
    windows = forging(stage)
    before = fingerprint()
    answers = forged(stage, MATRIX.keys() - WITHOUT_TOKEN.keys(), windows)
    assert {name: codes for name, codes in answers.items() if codes != {403}} == {}
    assert fingerprint() == before
    assert all(WITHOUT_TOKEN.values())


def test_the_addresses_without_a_token_are_those_and_no_others(stage, settings):
    """S35, negative control: without the middleware, forged requests arrive."""
    settings.MIDDLEWARE = [each for each in settings.MIDDLEWARE if "Csrf" not in each]
    names = [name for name in MATRIX if name.startswith("lms_memberships")]
    with undone():
        arrived = {name for name, codes in forged(stage, names, forging(stage)).items() if codes != {403}}
    assert {"lms_memberships:cancel", "lms_memberships:buy", "lms_memberships_emails_all_on"} <= arrived


#: Who took a file stands in the history (X24), also where it is taken by a link.
LEAVES_A_LINE = {"lms_memberships_invoices_export": {"wagtailcore.ModelLogEntry"}}


@pytest.mark.parametrize("role", pick(test=["superuser"], ci=LOOKING, soak=LOOKING))
def test_looking_changes_nothing(stage, role):
    """S35: mail scanners and prefetching browsers follow links; a hash of every table, before and after each GET."""
    window = stage.window(role)
    before = fingerprint()
    for name, row in MATRIX.items():
        if name in WRITES_ON_GET:
            continue
        ask(window, "GET", address(name, row, stage))
        after = fingerprint()
        changed = {table for table, mark in after.items() if before[table] != mark}
        assert changed <= SIGNS_OF_LIFE | COUNTED | LEAVES_A_LINE.get(name, set()), name
        before = after


def test_a_get_that_writes_is_noticed(stage):
    """S35, negative control: the two addresses that may, do."""
    window = stage.window("member")
    for name in WRITES_ON_GET:
        before = fingerprint()
        with undone():
            ask(window, "GET", address(name, MATRIX[name], stage))
            assert fingerprint() != before, name
