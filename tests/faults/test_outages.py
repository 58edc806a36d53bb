"""We, Stripe or the mail service were away for long: does one comparison bring everything back, and harm nobody?"""

from datetime import timedelta

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import F
from django.urls import reverse

from lms_memberships.clock import wall_time
from lms_memberships.emails import switches
from lms_memberships.models import Email, Subscription, SyncRun
from lms_memberships.payments import connect
from lms_memberships.payments.stripe_gateway import client
from lms_memberships.sandbox.faults import Fault
from lms_memberships.subscriptions import adopting
from tests.factories import UserFactory
from tests.faults import traffic
from tests.faults.traffic import everything, sync
from tests.webhooks_rig import Postman

pytestmark = pytest.mark.django_db


@pytest.fixture
def school(sandbox, clock, gateway, live_session) -> traffic.School:
    return traffic.open_school(sandbox, clock, gateway, live_session)


@pytest.mark.parametrize("days", [3, 29, 45])
def test_after_an_outage_of_ours_one_run_brings_everything_back(school, postman: Postman, days):
    """T5, A4: events for up to 29 days, everything one by one beyond; late webhooks change nothing any more."""
    bought = traffic.before(school)
    postman.deliver()
    assert sync() == (0, ["Compared 9, repaired 0, failed 0."]) or SyncRun.objects.get().repaired == 0
    assert school.complaints() == []
    traffic.meanwhile(school, bought, days=days)
    assert school.complaints()
    code, said = sync()
    assert code == 2, said
    assert school.complaints() == []
    assert sync()[0] == 0, SyncRun.objects.first().repairs
    known = everything()
    postman.deliver()
    assert everything() == known
    assert sync()[0] == 0


# ------------------------------------------------------------------ E7: yesterday's backup


class Backup:
    """All that the database knew at one moment. What Stripe and the mail server got since then they keep."""

    def __init__(self) -> None:
        # Not atomic(): what is written at Stripe refuses to be part of a transaction.
        self.point = transaction.savepoint()

    def restore(self) -> None:
        transaction.savepoint_rollback(self.point)


def live_and_then_restore(school, postman, report) -> None:
    """Five weeks of a site that works, and then its database is put back to where it was before them."""
    bought = traffic.before(school)
    postman.deliver()
    assert sync()[0] == 0
    invited = ("comes", "comes on trial", "buys once", "comes late", "looks", "is declined")
    school.invite(*invited)
    backup, mails = Backup(), len(mail.outbox)
    traffic.meanwhile(school, bought, days=35)
    events = postman.deliver()
    assert school.complaints() == []
    assert len(mail.outbox) > mails
    backup.restore()
    report("E7", events=len(events), mails=len(mail.outbox) - mails)
    assert school.complaints()


def mails_of_old_facts(school) -> list[str]:
    old = Email.objects.filter(happened_at__lt=school.clock.now - timedelta(hours=48))
    return [email.key for email in old.filter(owed_at__gte=school.restored_at).exclude(state=Email.State.DROPPED)]


def test_a_restored_backup_is_brought_up_to_stripe(school, postman: Postman, report):
    """E7: purchases that were forgotten with their attempts come back too; no mail about what is older than 48 h."""
    switches.switch_all_on()
    live_and_then_restore(school, postman, report)
    school.restored_at, sent = wall_time(), len(mail.outbox)
    assert sync()[0] == 2
    assert lost_pages(school.complaints()) == []
    call_command("memberships_drain", verbosity=0)
    assert mails_of_old_facts(school) == []
    assert all(message.extra_headers["Message-ID"] for message in mail.outbox[sent:])
    assert sync()[0] == 0
    assert sync("--all")[0] == 0


def test_control_with_mail_they_are_written_to_about_old_facts(school, postman: Postman, report):
    """E7, negative control"""
    switches.switch_all_on()
    live_and_then_restore(school, postman, report)
    school.restored_at = wall_time()
    assert sync("--with-mail")[0] == 2
    assert mails_of_old_facts(school)


def lost_pages(complaints: list[str]) -> list[str]:
    """Pages that nobody paid on, and mails that were sent before the backup was put back, stay forgotten."""
    forgotten = ("each_thing_was_made_once: page", "each_thing_was_made_once: customer", "mails_are_sent_once")
    return [each for each in complaints if not each.startswith(forgotten)]


def test_a_stranger_with_the_number_of_a_lost_person_gets_nothing(school, bought_and_lost, postman: Postman):
    """E7: after a restore, numbers of people are given again. A purchase is not handed to whoever has the number now."""
    newcomer = UserFactory(pk=bought_and_lost.user_id, username="newcomer")
    assert sync("--all")[0] == 0
    assert not Subscription.objects.filter(user=newcomer).exists()


def test_control_by_the_number_alone_it_would_be_theirs(school, bought_and_lost, postman: Postman, monkeypatch):
    """E7, negative control"""
    newcomer = UserFactory(pk=bought_and_lost.user_id, username="newcomer")
    monkeypatch.setattr(adopting, "_is_their_customer", lambda user, customer_id, *, gateway: True)
    assert sync("--all")[0] == 2
    assert Subscription.objects.filter(user=newcomer).exists()


@pytest.fixture
def bought_and_lost(school, postman) -> Subscription:
    """Somebody signed up and bought after the backup: both are gone."""
    backup = Backup()
    stripe_id = school.pay("is lost", school.monthly)
    postman.deliver()
    lost = Subscription.objects.get(stripe_id=stripe_id)
    backup.restore()
    return lost


# ------------------------------------------------------------------ T6: Stripe is away


@pytest.mark.parametrize("kind", ["status", "commit_then_drop"])
def test_a_day_without_stripe_takes_access_from_nobody(school, postman: Postman, client_for, student, kind):
    """T6, D7: renewals fall due, people press the button, the nightly job runs: nothing is lost, nothing is doubled."""
    for number in range(3):
        school.pay(f"member {number}", school.monthly)
    postman.deliver()
    school.clock.advance(days=29, hours=12)
    members = set(Subscription.objects.giving_access(school.clock.now).values_list("pk", flat=True))
    assert len(members) == 3
    browser = client_for(student)
    buy = reverse("lms_memberships:buy", args=[school.monthly.slug])
    school.sandbox.faults.plan(Fault(kind, path="*/v1/*", count=0, status=503))
    for _part in range(4):
        school.clock.advance(hours=6)
        assert browser.post(buy).status_code in {200, 302, 303, 503}
        assert sync()[0] == 1
        with pytest.raises(CommandError):
            call_command("memberships_daily", verbosity=0)
        assert set(Subscription.objects.giving_access(school.clock.now).values_list("pk", flat=True)) == members
        client._clients.clear()
        client._breakers.clear()
    school.sandbox.faults.clear()
    # What thirty seconds bring by themselves.
    connect.refresh()
    assert browser.post(buy).status_code == 303
    assert sync()[0] in {0, 2}
    postman.deliver()
    assert [each for each in school.complaints() if "each_thing_was_made_once" not in each] == []
    assert len(at_stripe(school, "customer")) == 3 + 1
    assert [each["status"] for each in at_stripe(school, "checkout.session")].count("open") == 1


def at_stripe(school, kind: str) -> list[dict]:
    return school.sandbox.store.all(kind, account=school.sandbox.account_id)


# ------------------------------------------------------------------ T7: the mail server is away


def hours_pass(hours: int) -> None:
    """For the outbox, which lives by the wall's clock."""
    span = timedelta(hours=hours)
    for name in ("owed_at", "next_try_at"):
        Email.objects.filter(state=Email.State.OWED).update(**{name: F(name) - span})


def test_after_half_a_day_without_mail_what_is_still_true_leaves_once(school, postman: Postman, settings):
    """T7, F2, F3: 100 % of what is still true, once; of what has changed meanwhile, nothing."""
    switches.switch_all_on()
    UserFactory(username="owner", is_staff=True, is_superuser=True)
    settings.EMAIL_BACKEND = "tests.faults.mail.NobodyThere"
    mail.outbox = []
    stays = school.pay("stays", school.monthly)
    wavers = school.pay("wavers", school.monthly)
    leaves = school.pay("leaves", school.monthly)
    postman.deliver()
    school.sandbox.actions.cancel_subscription_at_period_end(wavers)
    postman.deliver()
    for _hour in range(12):
        hours_pass(1)
        call_command("memberships_drain", verbosity=0)
    school.sandbox.actions.keep_subscription(wavers)
    school.sandbox.actions.cancel_subscription_now(leaves)
    postman.deliver()
    assert mail.outbox == []
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    hours_pass(13)
    call_command("memberships_drain", verbosity=0)
    call_command("memberships_drain", verbosity=0)
    assert school.complaints() == []
    assert not Email.objects.exclude(state__in=[Email.State.SENT, Email.State.DROPPED]).exists()
    of = {key: set(rows_of(key, Email.State.SENT)) for key in (stays, wavers, leaves)}
    assert {"bought", "access_gained", "payment_succeeded"} <= of[stays]
    assert "cancelled" not in of[wavers]
    assert not {"bought", "access_gained"} & of[leaves]
    assert {"cancelled", "access_lost"} <= of[leaves]


def rows_of(stripe_id: str, state: str) -> list[str]:
    return list(Email.objects.filter(subscription__stripe_id=stripe_id, state=state).values_list("kind", flat=True))
