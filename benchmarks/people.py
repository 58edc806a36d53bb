"""How quickly is the list of people there? First page, a page far back, filters, search and export, beside Wagtail's list."""

import time
from collections.abc import Callable

from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from lms_memberships.models import Membership, Subscription
from lms_memberships.subscriptions import exporting, people_listing
from lms_memberships.subscriptions.people_listing import Wanted

from . import crowd
from .asking import Arguments
from .measuring import Act, Row, at_most, medians, milliseconds, queries

FLAT = 1.5
ROUNDS = 15
OURS, STOCK = "lms_memberships_people_results", "stock"


def rows(arguments: Arguments) -> list[Row]:
    """The same people at each size; only more of them."""
    found: list[Row] = []
    times: dict[int, float] = {}
    browser = browser_of_admin()
    for size in arguments.sizes:
        crowd.grow(size)
        found += _lists(browser, size, times)
        found.append(_export(size))
    first, last = min(times), max(times)
    flat = at_most(FLAT, times[last] / times[first])
    found.append(
        Row(
            f"first page, {last:,} people beside {first:,}",
            milliseconds(times[last]),
            milliseconds(times[first]),
            **flat,
        )
    )
    return found


def browser_of_admin() -> Client:
    person, _made = get_user_model().objects.get_or_create(
        username="bench-admin", defaults={"is_superuser": True, "is_staff": True, "email": "bench@school.example"}
    )
    browser = Client()
    browser.force_login(person)
    return browser


def _lists(browser: Client, size: int, times: dict[int, float]) -> list[Row]:
    ours, stock = reverse(OURS), reverse(STOCK)
    # The last page but a few, as its links lead there; by number, as Wagtail's do.
    far = people_listing.rows(Wanted(), now=timezone.now()).order_by("started_at", "pk")[60].pk
    last_number = max(1, Subscription.objects.count() // 50 - 1)
    of_one = Membership.objects.order_by("pk")[10].pk
    questions = {
        "first page": ({}, {}, 1.0),
        "a page far back": ({"after": far}, {"p": last_number}, 1.0),
        "failing payments": ({"state": "failing"}, {"status": "past_due"}, None),
        "on trial in one membership": ({"state": "trial", "membership": of_one}, {"status": "trialing"}, None),
        "paused, by name": (
            {"state": "paused", "ordering": "name"},
            {"status": "paused", "ordering": "user__username"},
            None,
        ),
        "search: a name that one has": ({"q": f"crowd-{size // 2}"}, {"q": f"crowd-{size // 2}"}, None),
        "search: a name that many have": ({"q": "Camille"}, {"q": "Camille"}, None),
        "search: nobody": ({"q": "nobody-at-all"}, {"q": "nobody-at-all"}, None),
    }
    found = []
    for what, (mine, theirs, budget) in questions.items():
        act, peer = asking(browser, ours, mine), asking(browser, stock, theirs)
        taken, taken_peer = medians(act, peer, rounds=ROUNDS)
        if what == "first page":
            times[size] = taken
        count, count_peer = len(queries(act())), len(queries(peer()))
        is_budgeted = budget is not None and size == 1_000_000
        verdict = at_most(budget, taken / taken_peer) if is_budgeted else {"ratio": taken / taken_peer}
        found.append(
            Row(
                f"{what}, {size:,} people",
                f"{count} queries, {milliseconds(taken)}",
                f"Wagtail: {count_peer} queries, {milliseconds(taken_peer)}",
                **verdict,
            )
        )
    return found


def asking(browser: Client, url: str, query: dict[str, object]) -> Callable[[], Act]:
    def ask() -> object:
        answer = browser.get(url, query)
        if answer.status_code != 200:
            msg = f"{url} answered {answer.status_code}"
            raise RuntimeError(msg)
        return answer.content

    return lambda: ask


def _export(size: int) -> Row:
    """All of them as CSV, in the parts in which a worker makes it."""
    owner = get_user_model().objects.get(username="bench-admin")
    made = exporting.begin(owner, Wanted(), as_format="csv", language="en", now=timezone.now())
    started = time.perf_counter()
    exporting.make(made)
    seconds = time.perf_counter() - started
    if (made.state, made.people) != ("ready", size):
        msg = f"{made.people} of {size} people are in the file, which is {made.state}: {made.failure}"
        raise RuntimeError(msg)
    made.delete()
    return Row(f"export of {size:,} people as CSV", f"{seconds:.1f} s, {size / seconds:,.0f} people/s")
