"""How soon is Stripe answered, and how soon does a member get in? Times are said; ratios and counts are asserted."""

import json
import statistics
import time

import pytest
from django.db import connection

from lms_memberships.models import Subscription, WebhookEvent
from lms_memberships.webhooks.handlers import HANDLERS
from tests.faults.rig import people
from tests.faults.rig.site import Site, site
from tests.faults.sizes import SEED, pick

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="several processes need row locks"),
]

PER_SECOND = 50
#: Calls of one phase; each phase comes this often, with and without neighbours that hang, in turn.
CALLS, ROUNDS = pick(test=100, ci=250, soak=1_000), pick(test=2, ci=3, soak=5)
#: A hanging neighbour that is asked in the request costs seconds; one that is not costs nothing. Far between the two.
MOST = 5
CRON_SECONDS = 5


def p(share: float, values: list[float]) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


class Calls:
    """Events of one purchase, again and again under new names, so that each is a row and work for a worker."""

    def __init__(self, place: Site) -> None:
        membership = people.sell()
        people.pay(people.press(people.student(place, 1), membership).location)
        self.place = place
        self._events = [event for event in place.stripe.events() if event["type"] in HANDLERS]
        self._made = 0

    def post(self, number: int, **knobs: object) -> list[float]:
        """The seconds that each answer took; all must be 200."""
        events = []
        for _call in range(number):
            self._made += 1
            event = json.loads(json.dumps(self._events[self._made % len(self._events)]))
            events.append({**event, "id": f"evt_call_{self._made}"})
        result = self.place.deliver(events, seed=SEED, **knobs)
        assert result.statuses == {200: number}
        return result.seconds


def neighbours_hang(place: Site) -> None:
    place.stripe.control("faults", kind="hang", seconds=80, count=0)
    place.esp.rates = {"hang": 1.0}


def neighbours_answer(place: Site) -> None:
    place.stripe.control("faults", clear=True)
    place.esp.rates = {"accept": 1.0}


def test_stripe_is_answered_as_soon_while_stripe_and_the_mail_service_hang(rig_folder, report):
    """T11, A6: 50 calls a second at real gunicorn, in turn with neighbours that answer and neighbours that hang."""
    with site(rig_folder, tasks="db") as place:
        place.start()
        calls = Calls(place)
        answering, hanging = [], []
        calls.post(50)
        for _round in range(ROUNDS):
            neighbours_answer(place)
            answering += calls.post(CALLS, per_second=PER_SECOND)
            neighbours_hang(place)
            hanging += calls.post(CALLS, per_second=PER_SECOND)
        report(
            "T11",
            calls=2 * ROUNDS * CALLS,
            p50=p(0.5, answering),
            p99=p(0.99, answering),
            p50_hanging=p(0.5, hanging),
            p99_hanging=p(0.99, hanging),
        )
        assert WebhookEvent.objects.filter(event_id__startswith="evt_call").count() == 50 + 2 * ROUNDS * CALLS
        assert p(0.99, hanging) <= MOST * p(0.99, answering)


def test_control_where_the_request_does_the_work_the_answer_waits(rig_folder):
    """T11, A6, negative control: without a queue the work is done in the request, and a Stripe that hangs is waited for."""
    with site(rig_folder, tasks="immediate") as place:
        place.start_web()
        calls = Calls(place)
        answering = calls.post(8)
        neighbours_hang(place)
        hanging = calls.post(8)
        assert p(0.99, hanging) > MOST * p(0.99, answering)


def seconds_until_access(place: Site, students: int, *, first: int, membership, work) -> list[float]:
    """From Stripe's call to access, for each student; ``work`` is done after all calls were made."""
    users: set[int] = set()
    for number in range(first, first + students):
        browser = people.student(place, number)
        seen = {event["id"] for event in place.stripe.events()}
        people.pay(people.press(browser, membership).location)
        events = [event for event in place.stripe.events() if event["type"] in HANDLERS and event["id"] not in seen]
        place.deliver(events, processes=1)
        users.add(browser.user.pk)
    work()
    until = time.monotonic() + 120
    while Subscription.objects.filter(user__in=users, access_until__isnull=False).count() < students:
        assert time.monotonic() < until, place.left()
        time.sleep(0.02)
    return [_seconds_from_call_to_read(row) for row in Subscription.objects.filter(user__in=users)]


def _seconds_from_call_to_read(row: Subscription) -> float:
    """The read is what opens it; writing it down takes no time worth mentioning."""
    received = WebhookEvent.objects.filter(subscription_id=row.stripe_id).earliest("received_at").received_at
    return (row.read_started_at - received).total_seconds()


def test_access_comes_soon_with_a_worker_and_by_cron_alone(rig_folder, report):
    """T12: everybody gets in both ways; the worker is the quicker one."""
    students = pick(test=4, ci=20, soak=100)
    with site(rig_folder, tasks="db") as place:
        web = place.start_web()
        membership = people.sell()
        workers = [place.start_command("db_worker", "--interval", "0.2", "--no-startup-delay")]

        def each(number: int) -> list[float]:
            return seconds_until_access(place, 1, first=number, membership=membership, work=lambda: None)

        with_worker = [seconds for number in range(students) for seconds in each(number)]
        for pid in workers:
            place.kill(pid)

        def cron() -> None:
            time.sleep(CRON_SECONDS)
            place.start_command("memberships_drain")

        by_cron = seconds_until_access(place, students, first=students, membership=membership, work=cron)
        place.kill(web)
        report("T12", students=2 * students, worker_p95=p(0.95, with_worker), cron_p95=p(0.95, by_cron))
        assert len(with_worker) == len(by_cron) == students
        assert statistics.median(with_worker) < statistics.median(by_cron)
