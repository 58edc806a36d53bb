"""Do contradictory settings stop the server, and does a sound site start without a word?"""

import pytest
from django.contrib.auth import get_user_model
from django.core import checks as django_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import models
from django.test import override_settings
from django.urls import include, path
from django.utils import translation
from wagtail_lms.models import CoursePage

from lms_memberships import checks
from lms_memberships.payments.webhook_events import WANTED
from lms_memberships.webhooks.handlers import HANDLERS


def ids(check) -> list[str]:
    return [found.id.partition(".")[2] for found in check()]


def test_the_example_site_starts_without_a_word(settings):
    settings.LMS_MEMBERSHIPS_TERMS_URL = "http://testserver/terms/"
    at_start = [message for check in checks.AT_START for message in check()]
    assert at_start == []


def test_the_checks_are_registered():
    registered = {
        check.__name__ for check in django_checks.registry.registry.get_checks(include_deployment_checks=True)
    }
    assert {check.__name__ for check in (*checks.AT_START, *checks.BEFORE_PRODUCTION)} <= registered


@pytest.mark.parametrize("key", ["pk_test_abc", "sk_test_", "sk_abc", "hello", "whsec_abc", "SK_LIVE_abc"])
def test_what_is_no_key_is_an_error(key, settings):
    settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY = key
    assert ids(checks.key_is_one) == ["E001"]


def test_people_without_numbers_are_an_error_and_no_broken_page(monkeypatch):
    """P23, X20: the list of people would lead nowhere."""
    meta = get_user_model()._meta
    assert ids(checks.people_have_numbers) == []
    inherited = CoursePage._meta.pk
    assert inherited.is_relation
    monkeypatch.setattr(meta, "pk", inherited)
    assert ids(checks.people_have_numbers) == []
    monkeypatch.setattr(meta, "pk", models.UUIDField(primary_key=True))
    assert ids(checks.people_have_numbers) == ["E060"]


@pytest.mark.parametrize("key", ["", "sk_test_abc", "rk_live_abc", " rk_test_abc\n"])
def test_keys_of_every_kind_pass(key, settings):
    settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY = key
    assert ids(checks.key_is_one) == []


@pytest.mark.parametrize(
    ("secrets", "found"),
    [
        (["whsec_sandbox"], []),
        ([], ["W004"]),
        (None, ["W004"]),
        ("whsec_sandbox", ["E002"]),
        ([""], ["E003"]),
        (["whsec_sandbox", " "], ["E003"]),
        (["whsec_"], ["E003"]),
        ([None], ["E003"]),
    ],
)
def test_secrets_that_prove_nothing_are_errors(secrets, found, settings):
    """S2"""
    settings.LMS_MEMBERSHIPS_STRIPE_WEBHOOK_SECRETS = secrets
    assert ids(checks.webhook_secrets_are_usable) == found


def test_without_a_key_no_secret_is_asked_for(settings):
    settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY = ""
    settings.LMS_MEMBERSHIPS_STRIPE_WEBHOOK_SECRETS = []
    assert ids(checks.webhook_secrets_are_usable) == []


@pytest.mark.parametrize(
    ("key", "base", "debug", "found"),
    [
        ("sk_live_abc", "", False, []),
        ("sk_live_abc", "", True, ["W006"]),
        ("sk_live_abc", "http://127.0.0.1:8001", False, ["E005"]),
        ("sk_live_abc", "http://localhost:8001/", True, ["E005", "W006"]),
        ("sk_test_abc", "http://127.0.0.1:8001", True, []),
    ],
)
def test_real_money_is_kept_out_of_play(key, base, debug, found, settings):
    settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY = key
    settings.LMS_MEMBERSHIPS_STRIPE_API_BASE = base
    settings.DEBUG = debug
    assert ids(checks.real_money_stays_out_of_play) == found


@pytest.mark.parametrize(("debug", "found"), [(True, []), (False, ["W011"])])
def test_the_sandbox_does_not_run_in_production(debug, found, settings):
    settings.LMS_MEMBERSHIPS_STRIPE_API_BASE = "http://127.0.0.1:8001"
    settings.DEBUG = debug
    assert ids(checks.sandbox_stays_at_home) == found


class OurOwn:
    urlpatterns = [path("memberships/", include("lms_memberships.urls"))]


class Nowhere:
    urlpatterns = []


def _page(request, anything):
    raise AssertionError


class Shadowed:
    urlpatterns = [path("<path:anything>", _page), path("memberships/", include("lms_memberships.urls"))]


class ShadowedWithoutSlash:
    urlpatterns = [path("memberships/webhooks/stripe", lambda request: None), *OurOwn.urlpatterns]


@pytest.mark.parametrize(
    ("urls", "found"),
    [(OurOwn, []), (Nowhere, ["W007"]), (Shadowed, ["E008", "E008"]), (ShadowedWithoutSlash, ["E008"])],
)
def test_the_address_of_the_webhook_leads_to_it(urls, found):
    """A11"""
    with override_settings(ROOT_URLCONF=urls):
        assert ids(checks.webhook_answers) == found


def test_an_address_with_a_language_in_it_is_told():
    """A11"""
    with override_settings(ROOT_URLCONF="tests.payments.urls_in_languages"):
        assert ids(checks.webhook_answers) == ["W009"]
        with translation.override("fr"):
            assert ids(checks.webhook_answers) == ["W009"]


def test_missing_terms_are_told(settings):
    """X18"""
    settings.LMS_MEMBERSHIPS_TERMS_URL = "http://testserver/terms/"
    assert ids(checks.terms_are_set) == []
    settings.LMS_MEMBERSHIPS_TERMS_URL = ""
    assert ids(checks.terms_are_set) == ["W010"]


@pytest.mark.parametrize(
    ("tasks", "found"),
    [
        ({"default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend"}}, ["W012"]),
        ({"default": {"BACKEND": "django_tasks.backends.dummy.DummyBackend"}}, ["W012"]),
        ({"default": {"BACKEND": "django.tasks.backends.immediate.ImmediateBackend"}}, ["W012"]),
        ({"default": {"BACKEND": "django_tasks_rq.RQBackend"}}, []),
        ({"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}, []),
        ({}, ["W012"]),
    ],
)
def test_a_site_without_a_worker_is_told_before_production(tasks, found, settings):
    settings.TASKS = tasks
    assert ids(checks.somebody_works) == found


@pytest.mark.parametrize("is_deployment", [True, False])
def test_the_warning_comes_with_the_checks_for_production(is_deployment, settings):
    """E10: ``check --deploy`` says it; a trial on one's own machine does without."""
    settings.DEBUG = False
    settings.TASKS = {"default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend"}}
    found = {each.id for each in django_checks.run_checks(include_deployment_checks=is_deployment)}
    assert ("lms_memberships.W012" in found) is is_deployment


TRUE_SECRET = "whsec_" + "4f1b9c7e" * 4


@pytest.mark.parametrize(
    ("secrets", "found"),
    [
        ([TRUE_SECRET], []),
        ([TRUE_SECRET, TRUE_SECRET[::-1]], ["E017"]),
        ([], ["E015"]),
        (None, ["E015"]),
        ("", ["E015"]),
        ([""], ["E015"]),
        ([" ", None], ["E015"]),
        (["whsec_"], ["E015"]),
        (["whsec_sandbox"], ["E017"]),
        (["whsec_test_secret"], ["E017"]),
        (["changeme-changeme-changeme-changeme"], ["E017"]),
        ([TRUE_SECRET, "whsec_sandbox"], ["E017"]),
    ],
)
@pytest.mark.parametrize("key", ["sk_live_abc", "rk_test_abc"])
def test_production_needs_a_secret_that_stripe_made(key, secrets, found, settings):
    """N2, S2"""
    settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY = key
    settings.LMS_MEMBERSHIPS_STRIPE_WEBHOOK_SECRETS = secrets
    assert ids(checks.production_has_true_secrets) == found


def test_a_wrong_secret_stops_the_deployment(settings):
    """N2: the command that stands before each deployment fails, and does not only complain."""
    settings.LMS_MEMBERSHIPS_STRIPE_WEBHOOK_SECRETS = ["whsec_sandbox"]
    with pytest.raises(SystemCheckError, match=r"lms_memberships\.E017"):
        call_command("check", deploy=True, tags=["lms_memberships"])
    settings.LMS_MEMBERSHIPS_STRIPE_WEBHOOK_SECRETS = [TRUE_SECRET]
    call_command("check", deploy=True, tags=["lms_memberships"])


@pytest.mark.parametrize(("key", "found"), [("sk_live_abc", []), ("sk_test_abc", ["W016"]), ("rk_test_abc", ["W016"])])
def test_a_test_key_in_production_is_told(key, found, settings):
    """N2"""
    settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY = key
    assert ids(checks.production_has_a_key) == found


@pytest.mark.parametrize(
    ("ours", "wagtails", "found"),
    [("https://a.test", "", []), ("", "https://a.test", []), ("", "", ["W018"])],
)
def test_a_site_that_could_not_be_told_from_its_copy(ours, wagtails, found, settings):
    """E9"""
    settings.LMS_MEMBERSHIPS_BASE_URL, settings.WAGTAILADMIN_BASE_URL = ours, wagtails
    assert ids(checks.copies_can_be_told) == found


def test_a_shop_without_a_key_is_told_before_production(settings):
    settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY = ""
    assert ids(checks.production_has_a_key) == ["W013"]


def test_owners_are_asked_for_the_events_that_are_followed():
    # Older endpoints send it beside invoice.paid; nobody needs to choose it.
    assert set(HANDLERS) - set(WANTED) == {"invoice.payment_succeeded"}
    assert set(WANTED) <= set(HANDLERS)


@pytest.mark.parametrize(("options", "found"), [({}, ["W014"]), ({"transaction_mode": "IMMEDIATE"}, [])])
def test_sqlite_that_does_not_wait_is_named(options, found, monkeypatch):
    database = {"ENGINE": "django.db.backends.sqlite3", "OPTIONS": options}
    monkeypatch.setattr(checks.settings, "DATABASES", {"default": database})
    assert ids(checks.sqlite_waits_its_turn) == found
