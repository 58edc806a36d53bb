"""Does each fault turn exactly its own light red, and are the others marked as its consequences? (N7)"""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from lms_memberships import clock as our_clock
from lms_memberships import signs
from lms_memberships.access.models import Delivery
from lms_memberships.emails import switches
from lms_memberships.emails.catalogue import EmailKind
from lms_memberships.emails.models import Email
from lms_memberships.health import repairs
from lms_memberships.health.lights import LIGHTS, worker
from lms_memberships.models import Account, GuestPurchase, Intent, Subscription, WebhookEvent
from lms_memberships.payments import premises
from lms_memberships.payments.stripe_gateway.notices import name_of
from lms_memberships.payments.webhook_events import WANTED
from lms_memberships.signs import Sign
from lms_memberships.subscriptions.sync_models import SyncRun
from tests.flows.steps import buy
from tests.health.conftest import called
from tests.webhooks_rig import post_event

pytestmark = pytest.mark.django_db

#: What cannot be said without Stripe's answer.
ASKED_OF_STRIPE = {"clock", "endpoint", "version"}


def test_every_light_has_a_name_of_its_own():
    assert len({light.name for light in LIGHTS}) == len(LIGHTS) == 26
    known = {light.name for light in LIGHTS}
    assert all(set(light.causes) <= known for light in LIGHTS)


# ---------------------------------------------------------------------------------------------------- key and account
@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("", "no Stripe key"),
        ("pk_test_1", "no secret or restricted key"),
        ("sk_test_invalid", "does not accept the key"),
        ("rk_test_expired", "expired"),
    ],
)
def test_a_key_that_does_not_work(well, settings, key, words):
    """N7: and what cannot be known without a key names it as the cause."""
    settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY = key
    well.look()
    assert well.red == {"key"}
    assert words in well.sentence("key")
    assert {name for name, cause in well.consequences.items() if cause == "key"} >= ASKED_OF_STRIPE
    assert set(well.consequences.values()) == {"key"}


def test_a_key_that_lacks_a_permission_is_told_which(well, settings):
    settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY = "rk_test_1_without_webhook_endpoints"
    well.look()
    assert well.red == {"key"}
    assert "rak_webhook_endpoints_read" in well.sentence("key")
    assert well.consequences == {"endpoint": "key", "version": "key"}


def test_a_stripe_that_does_not_answer(well, settings):
    """N7: the key is not accused."""
    settings.LMS_MEMBERSHIPS_STRIPE_API_BASE = "http://127.0.0.1:9"
    well.look()
    assert well.red == {"stripe"}
    assert set(well.consequences) == {"key", *ASKED_OF_STRIPE}
    assert set(well.consequences.values()) == {"stripe"}


def test_an_account_that_cannot_charge(well):
    Account.objects.update(charges_enabled=False, disabled_reason="requirements.past_due")
    well.judge()
    assert (well.red, well.consequences) == ({"account"}, {})
    assert "requirements.past_due" in well.sentence("account")


@pytest.fixture
def bought(well, membership, student, client_for) -> Subscription:
    buy(client_for(student), membership)
    return Subscription.objects.get()


def test_real_memberships_under_a_test_key(well, bought):
    Subscription.objects.update(livemode=True)
    well.judge()
    assert (well.red, well.consequences) == ({"mode"}, {})


def test_calls_of_the_other_mode_are_only_a_warning(well):
    """L3, S7"""
    assert post_event({**called(), "livemode": True}, secret=well.secret).status_code == 200
    well.judge()
    assert (well.red, well.warnings) == (set(), {"mode"})


# ---------------------------------------------------------------------------------------------------------- endpoints
ENDPOINTS = {
    "switched off": ({"status": "disabled"}, "switched off", {"enable-endpoint"}),
    "on another host": ({"url": "http://old.school.test/memberships/webhooks/stripe/"}, "old.school", {"new-endpoint"}),
    "of something else": ({"url": "http://testserver/other/"}, "does not know", {"new-endpoint"}),
    "without some events": ({"enabled_events": ["invoice.paid"]}, "customer.subscription.updated", {"choose-events"}),
}


@pytest.mark.parametrize("kind", ENDPOINTS)
def test_an_endpoint_that_is_wrong(well, endpoint, kind):
    """A12, N7: one fault, one light, and a repair."""
    changes, words, offered = ENDPOINTS[kind]
    endpoint(**changes)
    well.look()
    assert (well.red, well.consequences) == ({"endpoint"}, {})
    assert words in well.sentence("endpoint")
    assert well.offered("endpoint") == offered


@pytest.mark.parametrize("name", ["enable-endpoint", "choose-events"])
def test_the_repair_turns_it_off_again(well, endpoint, name):
    """A12: pressing the button does what it says."""
    endpoint(**({"status": "disabled"} if name == "enable-endpoint" else {"enabled_events": ["invoice.paid"]}))
    well.look()
    assert well.red == {"endpoint"}
    repairs.repair(name)
    well.judge()
    assert well.red == set()


@pytest.mark.parametrize(
    "url", ["http://testserver/memberships/webhooks/stripe", "http://TestServer/memberships/webhooks/stripe/"]
)
def test_two_endpoints_for_one_site(well, gateway, url):
    """A12: the old form without the slash included; the way out keeps no event from coming."""
    Sign.objects.filter(name__startswith="endpoint.").delete()
    gateway.create_endpoint(url=url, events=WANTED, metadata={}, key="another")
    well.look()
    assert (well.red, well.consequences) == ({"endpoint"}, {})
    assert "2 endpoints" in well.sentence("endpoint")
    assert well.offered("endpoint") == {"new-endpoint"}


def test_a_site_that_stripe_does_not_know(well, sandbox, endpoint):
    """A12: none at all."""
    sandbox.store.commit({(sandbox.account_id, "webhook_endpoint", endpoint()["id"]): None})
    well.look()
    assert (well.red, well.consequences) == ({"endpoint"}, {})


def test_an_endpoint_of_another_version(well, endpoint):
    endpoint(api_version="2019-05-16")
    well.look()
    assert (well.red, well.consequences) == ({"version"}, {})
    assert "2019-05-16" in well.sentence("version")


def test_calls_of_another_version_are_heard_of_without_asking(well):
    post_event({**called(), "api_version": "2018-01-23"}, secret=well.secret)
    well.judge()
    assert well.red == {"version"}


# ------------------------------------------------------------------------------------------------------------- secrets
@pytest.mark.parametrize("secrets", [None, "", [" "], ["whsec_"]])
def test_a_site_without_a_secret(well, settings, secrets):
    """S2, N2: closed, and said."""
    settings.LMS_MEMBERSHIPS_STRIPE_WEBHOOK_SECRETS = secrets
    assert post_event(called("evt_2"), secret="whsec_").status_code == 400
    well.judge()
    assert (well.red, well.consequences) == ({"secret"}, {})


@pytest.fixture
def two_hours_of_silence(well, settings, sandbox, bought, postman, ago):
    """The secret is wrong, and Stripe's calls have been refused for two hours."""
    settings.LMS_MEMBERSHIPS_STRIPE_WEBHOOK_SECRETS = ["whsec_of_another_site"]
    for event in postman.waiting():
        assert post_event(event, secret=well.secret).status_code == 400
    old = {
        (sandbox.account_id, "event", each["id"]): {**each, "created": each["created"] - 7200}
        for each in sandbox.store.all("event", account=sandbox.account_id)
    }
    sandbox.store.commit(old)
    Sign.objects.filter(name__startswith="webhook.secret.").update(seen_at=ago(hours=2))
    return well


def test_a_wrong_secret_for_two_hours(two_hours_of_silence, settings, bought, now, postman):
    """A9: red, the inbox empty; with the right secret and a comparison all is as if nothing had been."""
    well = two_hours_of_silence
    well.look()
    assert (well.red, well.consequences) == ({"secret"}, {})
    assert "the secret is not theirs" in well.sentence("secret")
    assert not WebhookEvent.objects.exists()
    settings.LMS_MEMBERSHIPS_STRIPE_WEBHOOK_SECRETS = [well.secret]
    Subscription.objects.update(status="incomplete", access_until=None)
    with pytest.raises(CommandError, match="were not as at Stripe, and are now"):
        call_command("memberships_sync", "--all", verbosity=0)
    assert Subscription.objects.get().is_live(now)
    assert post_event(called("evt_back"), secret=well.secret).status_code == 200
    signs.notebook.clear()
    post_event(called("evt_back_2"), secret=well.secret)
    well.look()
    assert well.red == set()


def test_an_hour_without_calls_is_no_fault_while_stripe_has_none(well, ago):
    """A9: the negative control. A quiet site is well."""
    Sign.objects.filter(name__startswith="webhook.secret.").update(seen_at=ago(hours=20))
    well.look()
    assert well.red == set()


def test_silence_behind_a_disabled_endpoint_is_its_consequence(two_hours_of_silence, endpoint):
    """N7"""
    endpoint(status="disabled")
    two_hours_of_silence.look()
    assert two_hours_of_silence.red == {"endpoint"}
    assert two_hours_of_silence.consequences == {"secret": "endpoint"}


def test_the_repair_of_a_wrong_secret(two_hours_of_silence, settings, sandbox):
    """A9, A12: a new endpoint, its secret once, the old one off only when the new one has called."""
    well = two_hours_of_silence
    secret = repairs.repair("new-endpoint").secret
    well.judge()
    assert well.warnings >= {"endpoint"}
    with pytest.raises(repairs.NothingToRepair):
        repairs.repair("retire-endpoints")
    settings.LMS_MEMBERSHIPS_STRIPE_WEBHOOK_SECRETS = [secret]
    assert post_event(called("evt_new"), secret=secret).status_code == 200
    well.look()
    assert well.offered("endpoint") == {"retire-endpoints"}
    repairs.repair("retire-endpoints")
    well.judge()
    assert (well.red, well.warnings & {"endpoint", "secret"}) == (set(), set())
    states = [each["status"] for each in sandbox.store.all("webhook_endpoint", account=sandbox.account_id)]
    assert sorted(states) == ["disabled", "enabled"]


@pytest.mark.parametrize(
    ("old_used_days_ago", "new_since_days", "words"),
    [
        (1, 3, None),
        (3, 30, "in use for more than a week"),
        (8, 9, "not been used for a week"),
        (None, 9, "not been used for a week"),
        (None, 1, None),
    ],
)
def test_an_old_secret_is_not_kept_for_ever(well, settings, ago, old_used_days_ago, new_since_days, words):
    """S4"""
    settings.LMS_MEMBERSHIPS_STRIPE_WEBHOOK_SECRETS = [well.secret, "whsec_the_old_one"]
    since = ago(days=new_since_days).isoformat()
    Sign.objects.filter(name=f"webhook.secret.{name_of(well.secret)}").update(details={"since": since})
    if old_used_days_ago is not None:
        Sign.objects.create(
            name=f"webhook.secret.{name_of('whsec_the_old_one')}",
            seen_at=ago(days=old_used_days_ago),
            details={"since": ago(days=90).isoformat()},
        )
    well.judge()
    assert well.red == set()
    assert ("secret" in well.warnings) is (words is not None)
    if words is not None:
        assert words in well.sentence("secret")


# --------------------------------------------------------------------------------------------------------------- clock
@pytest.mark.parametrize(("minutes", "words"), [(10, "600 seconds ahead"), (-10, "600 seconds behind")])
def test_a_clock_that_is_wrong(well, monkeypatch, minutes, words):
    """I8: ahead it refuses what is Stripe's, behind it would believe what is old; either way it is said."""
    right = our_clock.wall_time
    monkeypatch.setattr(our_clock, "wall_time", lambda: right() + timedelta(minutes=minutes))
    assert post_event(called("evt_2"), secret=well.secret).status_code == 400
    well.look()
    assert (well.red, well.consequences) == ({"clock"}, {})
    assert words in well.sentence("clock").replace("599", "600").replace("601", "600")


def test_a_clock_that_is_right_to_half_a_minute_is_well(well, monkeypatch):
    """I8: the negative control."""
    right = our_clock.wall_time
    monkeypatch.setattr(our_clock, "wall_time", lambda: right() + timedelta(seconds=25))
    well.look()
    assert well.red == set()


# ---------------------------------------------------------------------------------------------------------------- work
def _event_of(moment, number: int = 1, **values: object) -> WebhookEvent:
    return WebhookEvent.objects.create(
        event_id=f"evt_{number}",
        type="invoice.paid",
        created_at=moment,
        received_at=moment,
        next_try_at=moment,
        **values,
    )


def test_a_worker_that_died(well, ago):
    """N7, E10: what waits is its consequence."""
    Sign.objects.filter(name="worker").update(seen_at=ago(hours=1))
    _event_of(ago(minutes=20))
    well.judge()
    assert (well.red, well.consequences) == ({"worker"}, {"backlog": "worker"})


def test_events_that_wait_behind_a_living_worker(well, ago):
    _event_of(ago(minutes=20))
    well.judge()
    assert (well.red, well.consequences) == ({"backlog"}, {})


def test_a_worker_that_rests_while_nothing_waits_is_well(well, ago):
    Sign.objects.filter(name="worker").update(seen_at=ago(hours=6))
    well.judge()
    assert well.red == set()


@pytest.mark.parametrize("backend", ["immediate.ImmediateBackend", "dummy.DummyBackend"])
def test_a_site_without_a_worker(well, settings, backend, ago):
    """E10: a warning, unless the add-on's own loop was seen."""
    settings.TASKS = {"default": {"BACKEND": f"django_tasks.backends.{backend}"}}
    well.judge()
    assert well.warnings == set()
    Sign.objects.filter(name="worker").update(seen_at=ago(days=2))
    well.judge()
    assert (well.red, well.warnings) == (set(), {"worker"})


def test_control_without_the_names_of_those_backends_all_looks_well(well, settings, monkeypatch, ago):
    """E10, negative control: nothing waits at this moment, so that nothing else would say it."""
    monkeypatch.setattr(worker, "NO_WORKERS", ("NoSuchBackend",))
    settings.TASKS = {"default": {"BACKEND": "django_tasks.backends.dummy.DummyBackend"}}
    Sign.objects.filter(name="worker").update(seen_at=ago(days=2))
    well.judge()
    assert (well.red, well.warnings) == (set(), set())


def _dead_event(bought, ago):
    _event_of(ago(days=3), state="dead")


def _dead_delivery(bought, ago):
    Delivery.objects.update(state="dead")


def _failed_email(bought, ago):
    Email.objects.update(state="failed", owed_at=ago(hours=3))


@pytest.mark.parametrize("die", [_dead_event, _dead_delivery, _failed_email])
def test_what_was_given_up(well, membership, student, client_for, die, ago):
    """N7: and it can be tried again."""
    switches.switch_all_on()
    buy(client_for(student), membership)
    assert Delivery.objects.exists()
    assert Email.objects.exists()
    die(None, ago)
    well.judge()
    assert (well.red, well.consequences) == ({"dead"}, {})
    repairs.repair("retry-dead")
    well.judge()
    assert well.red == set()


def test_a_comparison_that_failed(well, ago):
    SyncRun.objects.create(started_at=ago(hours=2), phase="subscriptions", failure="Stripe hung up")
    well.judge()
    assert (well.red, well.consequences) == ({"sync"}, {})


def test_a_write_whose_answer_is_open(well, ago):
    Intent.objects.create(
        purpose="price",
        subject="1",
        idempotency_key="k",
        state="unknown",
        created_at=ago(hours=2),
        sent_at=ago(hours=2),
    )
    well.judge()
    assert (well.red, well.consequences) == ({"intents"}, {})


# ---------------------------------------------------------------------------------------------------------------- mail
@pytest.mark.parametrize("backend", ["console", "dummy", "locmem", "filebased"])
def test_mails_that_stay_at_home(well, settings, backend):
    settings.EMAIL_BACKEND = f"django.core.mail.backends.{backend}.EmailBackend"
    well.judge()
    assert (well.red, well.consequences) == ({"mail"}, {})
    settings.DEBUG = True
    well.judge()
    assert (well.red, well.warnings) == (set(), {"mail"})


def test_a_mail_service_that_refuses(well):
    signs.note("mail.failed", now=timezone.now() + timedelta(minutes=2))
    well.judge()
    assert (well.red, well.consequences) == ({"mail"}, {})


def _owed_email(ago, **values: object) -> None:
    moment = ago(minutes=20)
    Email.objects.create(
        key="k", kind="bought", recipient="a@b.test", language="en", owed_at=moment, next_try_at=moment, **values
    )


def test_an_e_mail_that_waits(well, ago):
    _owed_email(ago)
    well.judge()
    assert (well.red, well.consequences) == ({"outbox"}, {})


def test_an_e_mail_that_waits_because_the_service_refuses(well, ago):
    _owed_email(ago)
    signs.note("mail.failed", now=timezone.now() + timedelta(minutes=2))
    well.judge()
    assert (well.red, well.consequences) == ({"mail"}, {"outbox": "mail"})


def test_an_e_mail_that_is_uncertain_is_a_warning(well, ago):
    """F1"""
    _owed_email(ago, state="unknown")
    well.judge()
    assert (well.red, well.warnings) == (set(), {"uncertain"})


@pytest.mark.parametrize("is_on", [True, False])
def test_guests_are_sold_to_and_their_mail_is_off(well, settings, is_on):
    """K2: without the link nobody would come in, so nothing is sold."""
    settings.LMS_MEMBERSHIPS_GUEST_CHECKOUT = True
    switches.set_for_all({EmailKind.GUEST_CLAIM: is_on})
    well.judge()
    assert (well.red, well.warnings) == (set(), set() if is_on else {"guests"})


@pytest.mark.parametrize(("days", "warned"), [(8, True), (6, False)])
def test_nobody_comes_for_what_was_paid(well, ago, membership, days, warned):
    """K2"""
    price = membership.prices.get()
    paid = {"paid_at": ago(days=days), "created_at": ago(days=days), "email": "guest@school.test"}
    GuestPurchase.objects.create(membership=membership, price=price, state="parked", **paid)
    well.judge()
    assert (well.red, well.warnings) == (set(), {"guests"} if warned else set())


@pytest.mark.parametrize(("by_stripe", "by_us", "warned"), [(1, 1, True), (1, 0, False), (0, 1, False), (0, 0, False)])
def test_receipts_from_both(well, by_stripe, by_us, warned):
    """F13"""
    repairs.repair("receipts-by-stripe" if by_stripe else "receipts-not-by-stripe")
    switches.set_for_all({EmailKind.PAYMENT_SUCCEEDED: bool(by_us)})
    well.judge()
    assert (well.red, well.warnings) == (set(), {"receipts"} if warned else set())


def test_nobody_has_said_who_sends_receipts(well):
    """F13"""
    Sign.objects.filter(name="health.receipts").delete()
    well.judge()
    assert well["receipts"].state == "unknown"
    assert well.offered("receipts") == {"receipts-by-stripe", "receipts-not-by-stripe"}


# ---------------------------------------------------------------------------------------------------------------- site
def test_a_copy_of_the_site(well, settings, ago):
    """E9, N7"""
    assert not premises.is_frozen()
    settings.LMS_MEMBERSHIPS_BASE_URL = "https://staging.school.test"
    premises.forget()
    _event_of(ago(minutes=20))
    _owed_email(ago)
    well.look()
    assert well.red == {"site"}
    assert set(well.consequences.values()) == {"site"}
    assert well.offered("site") == {"moved", "copy"}
    repairs.repair("copy")
    well.judge()
    assert "site" in well.warnings
    repairs.repair("moved")
    well.look()
    assert "site" not in well.red | well.warnings


# ------------------------------------------------------------------------------------------------------- the command
def run(**options: object) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("memberships_doctor", stdout=out, stderr=StringIO(), **options)
    except CommandError:
        return 1, out.getvalue()
    return 0, out.getvalue()


def test_the_command_says_it_in_lines_and_to_machines(well):
    """N7, A12: 0 while all is well, warnings included; 1 with a fault; each light with its repair."""
    signs.note("webhook.out_of_time")
    code, text = run()
    assert code == 0
    assert "warning  Clock" in text
    code, text = run(json=True)
    said = json.loads(text)
    assert (code, said["ok"], said["red"]) == (0, True, [])
    assert [each["name"] for each in said["lights"]] == [light.name for light in LIGHTS]


@pytest.mark.parametrize(("count", "code"), [(0, 1), (1, 0), (2, 1)])
def test_the_command_with_none_one_and_two_endpoints(well, gateway, sandbox, endpoint, count, code):
    """A12: the rig with 0, 1 and 2 endpoints; what it says and how it exits."""
    Sign.objects.filter(name__startswith="endpoint.").delete()
    if count == 0:
        sandbox.store.commit({(sandbox.account_id, "webhook_endpoint", endpoint()["id"]): None})
    if count == 2:
        url = "http://testserver/memberships/webhooks/stripe"
        gateway.create_endpoint(url=url, events=WANTED, metadata={}, key="another")
    found, text = run()
    assert found == code
    assert ("FAULT    Endpoint" in text) is bool(code)
    assert ("--repair new-endpoint" in text) is bool(code)


def test_the_command_mends(well, endpoint):
    endpoint(status="disabled")
    assert run()[0] == 1
    assert run(repair="enable-endpoint")[0] == 0


@pytest.mark.parametrize("key", ["", "sk_test_memberships"])
def test_the_command_works_on_an_empty_database_and_without_stripe(db, settings, key):
    """N7: the worst moments are those in which it is needed."""
    settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY = key
    settings.LMS_MEMBERSHIPS_STRIPE_API_BASE = "http://127.0.0.1:9"
    code, text = run(json=True)
    assert code == 1
    assert set(json.loads(text)["red"]) >= {"stripe" if key else "key"}


def test_judging_twice_says_the_same_and_asks_nobody(well, sandbox):
    before = len(sandbox.requests.all())
    first = [(each.light.name, each.state) for each in well.judge().lights]
    assert [(each.light.name, each.state) for each in well.judge().lights] == first
    assert len(sandbox.requests.all()) == before


# ----------------------------------------------------------------------------------------------------------- tax
def test_tax_needs_settings_and_a_registration(well, settings, sandbox):
    """X16: each precondition by its own sentence, with the address that mends it."""
    assert "is off" in well.sentence("tax")
    settings.LMS_MEMBERSHIPS_STRIPE_TAX = True
    well.judge()
    assert well["tax"].state == "unknown"
    well.look()
    assert well.red == {"tax"}
    assert "head_office" in well.sentence("tax")
    assert well["tax"].finding.repairs[0].how == "https://dashboard.stripe.com/settings/tax"
    sandbox.actions.set_taxes(rates={})
    well.look()
    assert well.red == {"tax"}
    assert "no tax is collected" in well.sentence("tax")
    sandbox.actions.set_taxes(rates={"FR": "20", "DE": "19"})
    well.look()
    assert well.red == set()
    assert well.sentence("tax").endswith("DE, FR.")
