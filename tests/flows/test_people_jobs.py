"""Is something done for many people once for each, for nobody else, and never before it was seen (N6, S50, P25, X20)?"""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.db import connection as database
from django.db import transaction
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import override
from django_tasks_db.models import DBTaskResult
from wagtail.models import ModelLogEntry
from wagtail.users.models import UserProfile

from lms_memberships import killpoints
from lms_memberships.access import decide
from lms_memberships.emails import switches
from lms_memberships.emails.catalogue import EmailKind
from lms_memberships.models import Email, Intent, Membership, PeopleJob, PeopleJobEntry, Subscription
from lms_memberships.payments.connect import get_background_gateway
from lms_memberships.personal_data import erasing, forgetting
from lms_memberships.sandbox.faults import Fault
from lms_memberships.subscriptions import exporting, people_jobs, people_working
from lms_memberships.subscriptions.people_listing import Wanted
from tests.creator.crowds import crowd, holds
from tests.factories import MembershipFactory, UserFactory, allow
from tests.flows.steps import buy, text

pytestmark = pytest.mark.django_db

State = PeopleJobEntry.State
RIGHTS = ("view_subscription", "end_subscription", "give_access")
LIST, DONE = reverse("lms_memberships_people_list"), reverse("lms_memberships_people_done")


@pytest.fixture
def helper(db):
    return allow(UserFactory(username="helper"), *RIGHTS)


@pytest.fixture
def browser(helper, client_for) -> Client:
    return client_for(helper)


@pytest.fixture
def members(membership, client_for) -> list:
    """Three who pay €19.00 a month."""
    people = [UserFactory(username=f"member{number}") for number in range(3)]
    for person in people:
        buy(client_for(person), membership)
    return people


def act(kind: str) -> str:
    return reverse("lms_memberships_people_act", args=[kind])


def part(job: PeopleJob, what: str = "job") -> str:
    return reverse(f"lms_memberships_people_{what}", args=[job.pk])


def asked(membership, days: int | None = None, **who: object) -> dict[str, object]:
    form: dict[str, object] = {"act-membership": membership.pk, **who}
    if days is None:
        return form
    return form | {"act-until": (timezone.localdate() + timedelta(days=days)).isoformat(), "act-note": "Exam retake"}


def drafted(browser: Client, kind: str, sent: dict[str, object]) -> PeopleJob:
    answer = browser.post(act(kind), sent)
    assert answer.status_code == 302, text(answer.content.decode())
    job = PeopleJob.objects.latest("pk")
    assert answer["Location"] == part(job)
    return job


def begun(browser: Client, kind: str, sent: dict[str, object]) -> PeopleJob:
    job = drafted(browser, kind, sent)
    assert browser.post(part(job, "confirm")).status_code == 302
    return job


def work() -> None:
    call_command("memberships_drain", verbosity=0)


def states(job: PeopleJob) -> list[str]:
    return sorted(job.entries.values_list("state", flat=True))


def cancelled(sandbox) -> list[str]:
    """The subscriptions that were given an end at Stripe, once for each time."""
    events = sandbox.store.all("event", account=sandbox.account_id)
    changed = [event["data"] for event in events if event["type"] == "customer.subscription.updated"]
    return [
        each["object"]["id"]
        for each in changed
        if each["object"]["cancel_at_period_end"] and "cancel_at_period_end" in (each.get("previous_attributes") or {})
    ]


# ---------------------------------------------------------------- cancelling
def test_a_creator_cancels_for_those_chosen_after_seeing_for_whom(
    browser, membership, members, sandbox, helper, live_session
):
    """P25, X20, N6: nothing happens before it was confirmed; then each ends with the period that is paid."""
    page = browser.get(LIST).content.decode()
    assert f'formaction="{act("cancel")}"' in page
    chosen = [members[0].pk, members[1].pk]
    form = browser.get(act("cancel"), {"person": chosen})
    assert "For 2 people." in text(form.content.decode())
    job = drafted(browser, "cancel", asked(membership, person=chosen))
    work()
    assert cancelled(sandbox) == []
    assert "Cancel for 2 people" in text(browser.get(part(job)).content.decode())
    browser.post(part(job, "confirm"))
    work()
    assert states(job) == [State.DONE] * 2
    assert len(cancelled(sandbox)) == 2
    ending = Subscription.objects.exclude(cancel_at=None)
    assert {row.user for row in ending} == set(members[:2])
    for row in ending:
        assert decide(row.user, live_session, now=row.cancel_at - timedelta(minutes=1)).allowed
        assert not decide(row.user, live_session, now=row.cancel_at + timedelta(minutes=1)).allowed
    job.refresh_from_db()
    assert job.state == "done"
    (entry,) = ModelLogEntry.objects.for_instance(membership).filter(action="lms_memberships.people_cancelled")
    assert (entry.user, entry.data["people"]) == (helper, 2)
    assert "People: 2" in entry.message


def test_everybody_in_the_list_means_the_list_as_it_was_filtered(browser, membership, members, sandbox):
    """X20: with its search, on all of its pages; and the choice of membership comes along."""
    sent = {"all": "1", "q": "member2", "membership": membership.pk}
    form = browser.get(act("cancel"), sent)
    assert form.context["form"].initial["membership"] == membership.pk
    job = begun(browser, "cancel", asked(membership) | sent)
    work()
    assert [entry.user for entry in job.entries.all()] == [members[2]]
    assert len(cancelled(sandbox)) == 1


@pytest.mark.parametrize("wrong", [{"state": "zzz"}, {"joined_to": "2026-13-45"}])
def test_a_filter_that_is_not_understood_means_nobody(browser, membership, student, wrong):
    """X20: not everybody, and not only "choose people"; the list says what is wrong."""
    holds(student, membership)
    for answer in (
        browser.get(act("cancel"), {"all": "1", **wrong}, follow=True),
        browser.post(act("cancel"), asked(membership, all="1") | wrong, follow=True),
    ):
        assert list(answer.context["object_list"]) == []
        said = text(answer.content.decode())
        assert said.count("is not understood, so nobody is in it") == 2, (
            "said at the top, and with the reason in the list"
        )
        assert "Choose people in the list first" not in said
    assert not PeopleJob.objects.exists()


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"is_recurring": False}, people_jobs.DISPUTED),
        ({"cancel_at": timezone.now() + timedelta(days=9)}, people_jobs.ENDING),
    ],
)
def test_what_is_disputed_is_left_out_and_not_called_ended(browser, membership, student, columns, reason):
    """X20, G7: nothing of it renews, and the bank has not decided."""
    holds(student, membership, "disputed", **columns)
    job = drafted(browser, "cancel", asked(membership, all="1", state="disputed"))
    assert [(entry.user, entry.reason) for entry in job.entries.all()] == [(student, reason)]


def test_what_is_billed_at_an_unknown_price_can_be_cancelled(browser, membership, student):
    """X20, G12: it is still charged, whatever it opens."""
    holds(student, membership, "checked")
    job = drafted(browser, "cancel", asked(membership, all="1", state="checked"))
    assert [(entry.user, entry.state) for entry in job.entries.all()] == [(student, State.PLANNED)]


def test_submitted_twice_it_is_done_once(browser, membership, members, sandbox):
    """N6: the button pressed twice, and the whole form sent twice and both confirmed."""
    sent = asked(membership, all="1")
    first = begun(browser, "cancel", sent)
    again = browser.post(part(first, "confirm"), follow=True)
    assert again.status_code == 200
    second = begun(browser, "cancel", sent)
    work()
    work()
    assert states(first) == states(second) == [State.DONE] * 3
    assert len(cancelled(sandbox)) == len(set(cancelled(sandbox))) == 3
    assert Intent.objects.filter(purpose="cancel").count() == 3
    assert ModelLogEntry.objects.filter(action="lms_memberships.people_cancelled").count() == 2


def test_the_history_is_written_with_the_decision(browser, helper, membership, members, clock, monkeypatch):
    """X24: who dies right after it has left the line, with all the people in it; and without a line nothing begins."""

    def die(**_about: object) -> None:
        raise InterruptedError

    job = drafted(browser, "cancel", asked(membership, all="1"))
    with monkeypatch.context() as patch:
        patch.setattr(people_jobs, "log", die)
        with pytest.raises(InterruptedError):
            people_jobs.confirm(job, by=helper, now=clock.now)
    job.refresh_from_db()
    assert job.state == PeopleJob.State.DRAFT, "the control: decided outside of it, it would have begun"
    people_jobs.confirm(job, by=helper, now=clock.now)
    work()
    browser.post(part(job, "confirm"))
    (entry,) = ModelLogEntry.objects.filter(action="lms_memberships.people_cancelled")
    assert (entry.user, entry.data["people"]) == (helper, 3)


def test_who_is_left_out_and_why_is_said_before(browser, gateway, membership, members):
    """N6: counted by the database; and whose payment is missing ends at once, which is said too."""
    other = MembershipFactory(title="Silver")
    for state in ("cancelled", "ended", "for_good", "waiting"):
        holds(UserFactory(username=f"is_{state}"), membership, state)
    holds(UserFactory(username="elsewhere"), other)
    # With a planned end as well: what is owed is asked for until then.
    Subscription.objects.filter(user=members[0]).update(status="past_due", cancel_at=F("period_end"))
    job = drafted(browser, "cancel", asked(membership, all="1"))
    said = text(browser.get(part(job)).content.decode())
    for why in (
        people_jobs.ENDING,
        people_jobs.ENDED,
        people_jobs.NOT_RENEWING,
        people_jobs.WAITING,
        people_jobs.NOT_HELD,
    ):
        assert f"{people_jobs.REASONS[why]} (1)" in said, why
    assert "Cancel for 3 people" in said
    assert "For 1 of them nothing is paid ahead" in said
    Subscription.objects.filter(user__in=members[1:]).update(status="unpaid")
    Subscription.objects.filter(user=members[2]).update(status="paused")
    job = drafted(browser, "cancel", asked(membership, all="1"))
    said = text(browser.get(part(job)).content.decode())
    assert "Cancel for 3 people" in said
    assert "For 3 of them nothing is paid ahead" in said


def twice(membership, client_for, payer, other) -> None:
    """Both pay for it, and then are one person: what a merge of two accounts leaves behind."""
    buy(client_for(other), membership)
    Subscription.objects.filter(user=other).update(user=payer)


@pytest.mark.parametrize("more", ["given", "ended"])
def test_whoever_holds_it_in_another_way_too_pays_no_more(
    browser, membership, members, sandbox, live_session, clock, more
):
    """P25, N6, X2: what Stripe charges for is what is cancelled, whatever else they hold or held, and since when."""
    columns = {"stripe_id": "", "is_recurring": False, "origin": "given"} if more == "given" else {}
    state = "live" if more == "given" else "cancelled"
    kept = holds(members[0], membership, state, started_at=timezone.now() + timedelta(seconds=5), **columns)
    paid = Subscription.objects.exclude(pk=kept.pk).get(user=members[0])
    job = begun(browser, "cancel", asked(membership, person=[members[0].pk]))
    assert job.entries.get().subscription == paid
    work()
    assert states(job) == [State.DONE]
    assert cancelled(sandbox) == [paid.stripe_id]
    if more == "given":
        assert decide(members[0], live_session, now=timezone.now()).reason == "member"


@pytest.mark.parametrize("dies", [False, True])
def test_somebody_who_pays_twice_pays_neither_any_more(
    browser, membership, members, client_for, sandbox, settings, monkeypatch, clock, dies
):
    """P25, N6: and a death between the two does not lose the second."""
    settings.LMS_MEMBERSHIPS_LEASE_SECONDS = 0
    twice(membership, client_for, members[0], UserFactory())
    job = begun(browser, "cancel", asked(membership, person=[members[0].pk]))
    if dies:
        die_after_calls(monkeypatch, 2)
        with pytest.raises(Killed):
            run(clock.now)
        monkeypatch.undo()
        assert states(job) == [State.PLANNED]
        assert len(cancelled(sandbox)) == 2, "Stripe has heard both; we know of the first"
    run(clock.now)
    assert states(job) == [State.DONE]
    both = set(Subscription.objects.filter(user=members[0]).values_list("stripe_id", flat=True))
    assert sorted(cancelled(sandbox)) == sorted(both)
    assert not Subscription.objects.filter(user=members[0], cancel_at=None).exists()


def test_one_that_stripe_refuses_keeps_no_other_renewing(browser, membership, members, client_for, sandbox):
    """P25, D2: the person has failed, and can be tried again; what could be done is done."""
    twice(membership, client_for, members[0], UserFactory())
    first, second = Subscription.objects.filter(user=members[0]).order_by("pk")
    sandbox.faults.plan(Fault("status", f"POST /v1/subscriptions/{first.stripe_id}", count=1, status=400))
    job = begun(browser, "cancel", asked(membership, person=[members[0].pk]))
    work()
    assert states(job) == [State.FAILED]
    assert cancelled(sandbox) == [second.stripe_id]
    browser.post(part(job, "again"))
    work()
    assert states(job) == [State.DONE]
    assert sorted(cancelled(sandbox)) == sorted([second.stripe_id, first.stripe_id])


def test_what_is_bought_after_the_preview_is_left_alone(browser, membership, members, client_for, sandbox, clock):
    """N6: nothing is done for more than was seen: whoever came back meanwhile stays."""
    row = Subscription.objects.get(user=members[0])
    job = begun(browser, "cancel", asked(membership, person=[members[0].pk]))
    Subscription.objects.filter(pk=row.pk).update(
        status="canceled", access_until=timezone.now(), ended_at=timezone.now()
    )
    again = holds(members[0], membership, started_at=timezone.now() + timedelta(minutes=1))
    work()
    assert states(job) == [State.DONE]
    again.refresh_from_db()
    assert (again.cancel_at, cancelled(sandbox)) == (None, [])


def test_what_became_another_membership_meanwhile_goes_on(browser, membership, members, sandbox):
    """N6, V29: the job was for the other."""
    job = begun(browser, "cancel", asked(membership, person=[members[0].pk]))
    Subscription.objects.filter(user=members[0]).update(membership=MembershipFactory(title="Silver"))
    work()
    assert list(job.entries.values_list("state", "reason")) == [(State.SKIPPED, people_jobs.NOT_HELD)]
    assert cancelled(sandbox) == []


@pytest.mark.parametrize("status", ["unpaid", "paused"])
def test_what_is_unpaid_or_rests_is_ended_and_not_left_out(browser, membership, members, status):
    """P25, G3: Stripe may charge for it again, and there is no paid period to wait for."""
    Subscription.objects.filter(user=members[0]).update(status=status)
    job = begun(browser, "cancel", asked(membership, person=[members[0].pk]))
    work()
    assert states(job) == [State.DONE]
    assert Subscription.objects.get(user=members[0]).status == "canceled"


# ---------------------------------------------------------------- giving
def test_the_last_day_is_chosen_without_an_inline_script_and_said_as_a_person_says_it(
    browser, helper, membership, student
):
    """X20, S11: no policy keeps the field from working; and nobody reads 2027-01-31."""
    holds(student, membership, "ended")
    page = browser.get(act("give"), {"person": student.pk}).content.decode()
    assert re.search(r'<input type="date" name="act-until"', page)
    assert "initDateChooser" not in page
    sent = asked(membership, days=40, person=student.pk)
    job = drafted(browser, "give", sent)
    last = timezone.localdate() + timedelta(days=40)
    assert f"Last day: {date_format(last, 'DATE_FORMAT')}." in text(browser.get(part(job)).content.decode())
    UserProfile.objects.create(user=helper, preferred_language="fr")
    shown = text(browser.get(part(job)).content.decode())
    with override("fr"):
        assert date_format(last, "DATE_FORMAT") in shown
    assert last.isoformat() not in shown
    again = browser.post(act("give"), sent | {"act-note": ""}).content.decode()
    assert f'value="{last.isoformat()}"' in again, "what was chosen stays, as such a field reads it"


def test_access_is_given_until_a_day_once_to_each(browser, membership, live_session, student, sandbox):
    """X20, X2: past members get it back until the day is over; Stripe hears nothing, and who holds it is left out."""
    switches.set_for_all({EmailKind.BOUGHT: True})
    past = holds(student, membership, "ended", language="fr")
    holds(UserFactory(), membership, "live")
    before = len(sandbox.store.all("event", account=sandbox.account_id))
    job = begun(browser, "give", asked(membership, days=10, all="1"))
    assert "They hold this membership already. (1)" in text(browser.get(part(job)).content.decode())
    work()
    work()
    given = Subscription.objects.get(user=student, origin="given")
    assert (given.language, given.stripe_id, given.status) == ("fr", "", "active")
    last = timezone.localdate() + timedelta(days=10)
    assert timezone.localdate(given.access_until - timedelta(seconds=1)) == last
    assert decide(student, live_session, now=timezone.now()).allowed
    assert not decide(student, live_session, now=given.access_until).allowed
    assert len(sandbox.store.all("event", account=sandbox.account_id)) == before
    assert job.entries.get(user=student).subscription == given != past
    (entry,) = ModelLogEntry.objects.for_instance(membership).filter(action="lms_memberships.people_given")
    assert entry.message == f"Access until {last.isoformat()}. People: 1. Why: Exam retake"


def test_two_jobs_give_once_and_no_more_than_there_are_places(browser, membership):
    """N6, J2"""
    people = [holds(UserFactory(), membership, "ended").user for _each in range(3)]
    Membership.objects.update(max_members=2)
    sent = asked(membership, days=10, person=[person.pk for person in people])
    first, second = begun(browser, "give", sent), begun(browser, "give", sent)
    work()
    assert Subscription.objects.filter(origin="given").count() == 2
    assert sorted(first.entries.values_list("reason", flat=True)) == ["", "", people_jobs.FULL]
    assert set(second.entries.values_list("state", flat=True)) == {State.SKIPPED}


@pytest.mark.parametrize("days", [-1, 4000])
def test_the_day_is_a_day_ahead_and_a_reason_is_given(browser, membership, student, days):
    holds(student, membership, "ended")
    assert "too far ahead" in text(browser.post(act("give"), asked(membership, days=days, all="1")).content.decode())
    assert browser.post(act("give"), asked(membership, days=5, all="1") | {"act-note": ""}).status_code == 200
    assert not PeopleJob.objects.exists()


def test_what_was_never_published_is_given_to_nobody(browser, membership, student):
    """X2, S26: as on a person's own page."""
    holds(student, membership, "ended")
    never = MembershipFactory(title="Never published")
    answer = browser.post(act("give"), asked(never, days=9, all="1"))
    assert "valid choice" in text(answer.content.decode())
    assert not PeopleJob.objects.exists()


@pytest.mark.parametrize("when", ["before", "after"])
def test_whoever_goes_is_given_nothing(browser, membership, student, when):
    """K6, K7, X2: said before; and asked again when it is done."""
    holds(student, membership, "ended")
    stays = holds(UserFactory(), membership, "ended").user
    if when == "before":
        erasing.erase(student, now=timezone.now())
    job = begun(browser, "give", asked(membership, days=9, all="1"))
    said = text(browser.get(part(job)).content.decode())
    assert ("This account was deleted: nothing can be done for it any more. (1)" in said) is (when == "before")
    if when == "after":
        with transaction.atomic():
            forgetting.forget(student.pk)
    work()
    assert [row.user for row in Subscription.objects.filter(origin="given")] == [stays]
    assert job.entries.get(user=student).reason == people_jobs.GONE


# ---------------------------------------------------------------- crashes
class Killed(BaseException):
    """What no handler of ours catches."""


def run(now) -> None:
    while people_working.cancel_due(gateway=get_background_gateway(), now=now):
        pass


def die_after_calls(monkeypatch, number: int) -> None:
    """The process ends when Stripe has answered so many times, before anything is written down."""
    seen: list[str] = []

    def reach(name: str) -> None:
        seen.append(name)
        if name == "intent.called" and seen.count(name) == number:
            raise Killed

    monkeypatch.setattr(killpoints, "reach", reach)


@pytest.mark.parametrize("after", [1, 3])
def test_killed_in_the_middle_each_is_cancelled_once(
    browser, membership, members, sandbox, settings, monkeypatch, clock, after
):
    """N6, D1: dead between Stripe's answer and our note of it; the next run goes on where it was."""
    settings.LMS_MEMBERSHIPS_LEASE_SECONDS = 0
    job = begun(browser, "cancel", asked(membership, all="1"))
    die_after_calls(monkeypatch, after)
    with pytest.raises(Killed):
        run(clock.now)
    monkeypatch.undo()
    assert State.PLANNED in states(job)
    run(clock.now)
    assert states(job) == [State.DONE] * 3
    assert len(cancelled(sandbox)) == len(set(cancelled(sandbox))) == 3
    assert Intent.objects.filter(purpose="cancel").count() == 3


def test_killed_while_giving_nobody_is_given_twice_or_without_a_note(browser, membership, settings, monkeypatch):
    """N6, B11: what is given and the note of it are one transaction; here the process dies in between."""
    settings.LMS_MEMBERSHIPS_LEASE_SECONDS = 0
    for _each in range(2):
        holds(UserFactory(), membership, "ended")
    job = begun(browser, "give", asked(membership, days=9, all="1"))
    real = people_working.leases.settle

    def dies(*args: object, **kwargs: object):
        raise Killed

    monkeypatch.setattr(people_working.leases, "settle", dies)
    with pytest.raises(Killed):
        people_working.give_due(now=timezone.now())
    monkeypatch.setattr(people_working.leases, "settle", real)
    assert not Subscription.objects.filter(origin="given").exists()
    people_working.give_due(now=timezone.now())
    assert states(job) == [State.DONE] * 2
    assert Subscription.objects.filter(origin="given").count() == 2


def test_a_worker_that_lost_its_lease_gives_nothing(browser, membership, monkeypatch):
    """B11: the control is the same entry with its own token."""
    holds(UserFactory(), membership, "ended")
    job = begun(browser, "give", asked(membership, days=9, all="1"))
    lease = people_working._take(PeopleJob.Kind.GIVE)
    with pytest.raises(people_working.leases.Lost):
        people_working._give(lease.rows[0], "another", now=timezone.now())
    assert not Subscription.objects.filter(origin="given").exists()
    people_working._give(lease.rows[0], lease.token, now=timezone.now())
    assert states(job) == [State.DONE]


def test_while_stripe_is_away_it_waits_and_then_goes_on(browser, helper, membership, members, sandbox):
    """D2: nobody is lost, nobody counted as done; given up after some tries, and tried again by hand."""
    job = begun(browser, "cancel", asked(membership, all="1"))
    sandbox.faults.plan(Fault("status", "*/v1/subscriptions/*", count=0, status=503))
    work()
    assert states(job) == [State.PLANNED] * 3
    # The first that gets no answer ends the round: here it is this one's turn.
    job.entries.update(next_try_at=timezone.now() + timedelta(hours=1))
    job.entries.filter(user=members[0]).update(attempts=len(people_working.WAITS), next_try_at=timezone.now())
    work()
    assert states(job).count(State.FAILED) == 1
    sandbox.faults.clear()
    assert "Stripe could not be reached" in text(browser.get(part(job)).content.decode())
    browser.post(part(job, "again"))
    (entry,) = ModelLogEntry.objects.for_instance(membership).filter(action="lms_memberships.people_tried_again")
    assert (entry.user, entry.data) == (helper, {"people": 1})
    PeopleJobEntry.objects.update(next_try_at=timezone.now())
    # An answer that was lost is looked for, and that waits a while; the daily run does not.
    Intent.objects.update(sent_at=timezone.now() - timedelta(days=1))
    work()
    assert states(job) == [State.DONE] * 3
    assert len(set(cancelled(sandbox))) == len(cancelled(sandbox)) == 3


def test_after_the_tab_was_closed_it_is_found_again(browser, membership, members, helper, client_for):
    """N6, X20, S20: from the list, newest first and with how far each is: what one may do, and one's own files."""
    first = drafted(browser, "give", asked(membership, days=3, person=[UserFactory().pk, members[0].pk]))
    job = begun(browser, "cancel", asked(membership, all="1"))
    work()
    assert DONE in browser.get(LIST).content.decode()
    page = browser.get(DONE)
    assert [row.pk for row in page.context["object_list"]] == [job.pk, first.pk]
    assert part(job) in page.content.decode()
    assert "done: 3" in text(page.content.decode())
    only_giving = client_for(allow(UserFactory(), "view_subscription", "give_access")).get(DONE)
    assert [row.pk for row in only_giving.context["object_list"]] == [first.pk]
    exporter = allow(UserFactory(), "view_subscription", "export_people")
    for owner in (exporter, helper):
        made = exporting.begin(owner, Wanted(), as_format="csv", language="en", now=timezone.now())
    files = client_for(exporter)
    assert "Exports of people" in text(files.get(LIST).content.decode())
    page = files.get(DONE)
    assert [each.owner for each, _url, _how_far in page.context["files"]] == [exporter]
    assert part(job) not in page.content.decode()
    assert "being made" in text(page.content.decode())
    assert reverse("lms_memberships_people_exported", args=[made.uuid]) not in browser.get(DONE).content.decode()
    seeing = client_for(allow(UserFactory(), "view_subscription"))
    assert seeing.get(DONE).status_code == 302
    assert DONE not in seeing.get(LIST).content.decode()


def test_the_way_back_is_constant_in_queries_and_paged(browser, membership):
    """N6, X20"""
    holds(UserFactory(), membership, "ended")
    counted = []
    for number in (1, 60):
        for _each in range(number):
            drafted(browser, "give", asked(membership, days=9, all="1"))
        browser.get(DONE)
        with CaptureQueriesContext(database) as captured:
            page = browser.get(DONE)
        counted.append(len(captured))
    assert counted[0] == counted[1] <= 20
    assert len(page.context["object_list"]) == 50
    assert len(browser.get(DONE, {"p": 2}).context["object_list"]) == 11


def test_stopped_in_the_middle_what_is_done_stays_done(browser, membership, members, sandbox, monkeypatch, clock):
    """N6"""
    monkeypatch.setattr(people_working, "BATCH", 1)
    job = begun(browser, "cancel", asked(membership, all="1"))
    people_working.cancel_due(gateway=get_background_gateway(), now=clock.now)
    assert browser.post(part(job, "stop")).status_code == 302
    work()
    assert states(job) == [State.DONE, State.SKIPPED, State.SKIPPED]
    assert len(cancelled(sandbox)) == 1
    assert "nothing left to stop" in text(browser.post(part(job, "stop"), follow=True).content.decode())
    assert "nothing to try again" in text(browser.post(part(job, "again"), follow=True).content.decode())


# ---------------------------------------------------------------- who may, and for whom
def test_foreign_keys_are_ignored_and_nobody_is_named(browser, membership, members, admin):
    """S50: who holds nothing, who does not exist, and what is no key at all; the answer is the same."""
    nobody = UserFactory(username="secret_person")
    crafted = [members[0].pk, nobody.pk, admin.pk, 999_999, "x", "1 OR 1=1", "", "-1", "9" * 40]
    job = drafted(browser, "cancel", asked(membership, person=crafted))
    assert [entry.user for entry in job.entries.all()] == [members[0]]
    answers = []
    for key in (nobody.pk, 999_999, "x"):
        page = browser.post(act("cancel"), asked(membership, person=[key]))
        said = text(page.content.decode())
        assert "secret_person" not in said
        answers.append(page.context["form"].non_field_errors())
    assert answers[0] == answers[1] == answers[2] == [str(people_jobs.Nobody.message)]
    assert PeopleJob.objects.count() == 1


def test_each_act_has_its_own_right_and_needs_seeing_people_too(client_for, membership, student, browser):
    """X24, S50: also for what somebody else has drafted."""
    holds(student, membership, "ended")
    job = drafted(browser, "give", asked(membership, days=9, all="1"))
    for rights in ((), ("view_subscription",), ("give_access",), ("view_subscription", "end_subscription")):
        other = client_for(allow(UserFactory(), *rights))
        assert other.get(act("give"), {"all": "1"}).status_code == 302
        assert other.post(act("give"), asked(membership, days=9, all="1")).status_code == 302
        for what in ("job", "job_results"):
            assert other.get(part(job, what)).status_code in {302, 404}
        for what in ("confirm", "stop", "again"):
            assert other.post(part(job, what)).status_code in {302, 404}
            assert browser.get(part(job, what)).status_code == 405
    job.refresh_from_db()
    assert (job.state, PeopleJob.objects.count()) == ("draft", 1)
    assert browser.get(reverse("lms_memberships_people_act", args=["erase"]), {"all": "1"}).status_code == 404
    assert browser.get(act("give")).status_code == 302, "nobody was chosen"


@pytest.mark.parametrize("lost", ["give_access", "view_subscription", "is_active"])
def test_the_right_is_asked_again_for_each_person(browser, helper, membership, student, lost):
    """S50: whoever confirmed it may not any more; the control is the test of giving."""
    holds(student, membership, "ended")
    job = begun(browser, "give", asked(membership, days=9, all="1"))
    if lost == "is_active":
        type(helper).objects.filter(pk=helper.pk).update(is_active=False)
    else:
        helper.user_permissions.remove(Permission.objects.get(codename=lost))
    work()
    assert [(entry.state, entry.reason) for entry in job.entries.all()] == [(State.SKIPPED, people_jobs.NOT_ALLOWED)]
    assert not Subscription.objects.filter(origin="given").exists()


def test_too_many_are_refused_before_anything_is_noted(browser, membership, settings):
    """N6: and the number is the site's to set."""
    crowd(membership, 12, state="ended")
    settings.LMS_MEMBERSHIPS_PEOPLE_AT_ONCE = 10
    answer = browser.post(act("give"), asked(membership, days=9, all="1"))
    assert "too many people at once" in text(answer.content.decode())
    assert not PeopleJob.objects.exists()


def test_the_queries_grow_with_neither_the_draft_nor_the_page(browser, membership):
    """N6: a thousand at a time when it is noted, and constant when it is looked at."""
    counted = []
    for number in (5, 60):
        crowd(membership, number, first=number * 100, state="ended")
        with CaptureQueriesContext(database) as captured:
            job = drafted(browser, "give", asked(membership, days=9, all="1"))
        noting = len(captured)
        browser.get(part(job))
        with CaptureQueriesContext(database) as looked:
            browser.get(part(job))
        counted.append((noting, len(looked)))
    assert counted[0] == counted[1]
    assert counted[0][1] <= 25


def test_what_was_typed_is_shown_and_not_run(browser, membership):
    """S13: the reason, a name, and what Stripe said."""
    evil = "<script>alert(13)</script>"
    holds(UserFactory(username=f"x{evil}"), membership, "ended")
    job = drafted(browser, "give", asked(membership, days=9, all="1") | {"act-note": evil})
    job.entries.update(state=State.FAILED, failure=evil)
    page = browser.get(part(job)).content.decode()
    assert "<script>alert(13)" not in page
    assert page.count("&lt;script&gt;alert(13)") >= 3


def test_the_mails_are_those_of_any_other_cancellation(browser, membership, members):
    """U31: one each, if that mail is on; done twice, still one."""
    switches.set_for_all({EmailKind.CANCELLED: True})
    for _time in range(2):
        begun(browser, "cancel", asked(membership, all="1"))
        work()
    assert Email.objects.filter(kind=EmailKind.CANCELLED).count() == 3


# ---------------------------------------------------------------- with a worker
@pytest.fixture
def worker(settings) -> Callable[[], None]:
    """Tasks wait for a worker, as in production; nothing else runs."""
    settings.TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}

    def go() -> None:
        while (waiting := DBTaskResult.objects.ready().first()) is not None:
            waiting.claim("worker")
            waiting.task.call(*waiting.args_kwargs["args"], **waiting.args_kwargs["kwargs"])

    return go


def test_with_a_worker_it_begins_at_once_and_goes_on_to_the_last(
    browser, membership, members, sandbox, worker, monkeypatch, django_capture_on_commit_callbacks
):
    """X20, N6: nobody waits for the next ``memberships_drain``, nor does the worker stop after the first few."""
    monkeypatch.setattr(people_working, "BATCH", 2)
    with django_capture_on_commit_callbacks(execute=True):
        job = begun(browser, "cancel", asked(membership, person=[member.pk for member in members]))
    assert states(job) == [State.PLANNED] * 3
    worker()
    assert states(job) == [State.DONE] * 3
    assert len(cancelled(sandbox)) == 3
    job.refresh_from_db()
    assert job.state == "done"


def test_without_a_worker_nobody_waits_for_a_page_until_it_is_done_for_everybody(
    browser, membership, members, sandbox, django_capture_on_commit_callbacks
):
    """X20: tasks would run in the request, and it may be for thousands."""
    with django_capture_on_commit_callbacks(execute=True):
        job = begun(browser, "cancel", asked(membership, person=[members[0].pk]))
    assert states(job) == [State.PLANNED]
    work()
    assert states(job) == [State.DONE]
