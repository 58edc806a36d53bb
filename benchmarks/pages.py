"""How quickly are the screens there that people come back to: one person, invoices, reports, front page, the account?"""

from collections.abc import Callable, Mapping

from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from lms_memberships.models import Account, Membership
from lms_memberships.payments.stripe_gateway.client import fingerprint

from . import crowd
from .asking import Arguments
from .measuring import Row, at_most, medians, milliseconds, queries
from .people import FLAT, asking, browser_of_admin

ROUNDS = 15
#: The person who holds three memberships, at each size the same one.
SOMEBODY = "crowd-10"


def rows(arguments: Arguments) -> list[Row]:
    """The same screens at each size. What adds up everything (reports, totals) cannot stay flat, and is only told."""
    found: list[Row] = []
    times: dict[str, dict[int, float]] = {}
    _connect()
    for size in arguments.sizes:
        crowd.grow(size)
        for screen in _screens():
            found.append(screen.row(size, times))
    # The next question speaks to another account with the same key.
    Account.objects.all().delete()
    first, last = min(arguments.sizes), max(arguments.sizes)
    for what in FLAT_SCREENS:
        ratio = times[what][last] / times[what][first]
        said = milliseconds(times[what][last]), milliseconds(times[what][first])
        found.append(Row(f"{what}, {last:,} people beside {first:,}", *said, **at_most(FLAT, ratio)))
    return found


def _connect() -> None:
    """As if the key had been read: reports are of the connected account."""
    wanted = {"stripe_id": crowd.ACCOUNT, "livemode": False, "checked_at": timezone.now(), "charges_enabled": True}
    key = fingerprint(settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY)
    Account.objects.update_or_create(key_fingerprint=key, defaults=wanted)


class Screen:
    """One address of ours, and beside it the one of Wagtail's that comes nearest."""

    def __init__(self, what: str, browser: Client, ours: str, peer: str = "", **query: object) -> None:
        self.what, self.browser, self.ours, self.peer, self.query = what, browser, ours, peer, query

    def row(self, size: int, times: dict[str, dict[int, float]]) -> Row:
        act = asking(self.browser, self.ours, self.query)
        # What a process asks once in its life is not counted.
        act()()
        what, count = f"{self.what}, {size:,} people", len(queries(act()))
        if not self.peer:
            (taken,) = medians(act, rounds=ROUNDS)
            times.setdefault(self.what, {})[size] = taken
            return Row(what, f"{count} queries, {milliseconds(taken)}")
        peer = asking(self.browser, self.peer, {})
        taken, taken_peer = medians(act, peer, rounds=ROUNDS)
        times.setdefault(self.what, {})[size] = taken
        said = f"Wagtail: {len(queries(peer()))} queries, {milliseconds(taken_peer)}"
        return Row(what, f"{count} queries, {milliseconds(taken)}", said, ratio=taken / taken_peer)


ONE_PERSON, ACCOUNT, INVOICES = "one person", "the account page", "invoices, first page"
#: The invoices' first page adds up all that matches, like a report.
FLAT_SCREENS = (ONE_PERSON, ACCOUNT)


def _screens() -> list[Screen]:
    admin, person = browser_of_admin(), get_user_model().objects.get(username=SOMEBODY)
    student = Client()
    student.force_login(person)
    membership = Membership.objects.order_by("pk")[10].pk
    report: Callable[[str], str] = lambda slug: reverse(f"lms_memberships_report_{slug}_results")  # noqa: E731
    year: Mapping[str, object] = {"months": 12}
    return [
        Screen(ONE_PERSON, admin, reverse("lms_memberships_person", args=[person.pk]), _wagtails_user(person.pk)),
        Screen(ACCOUNT, student, reverse("lms_memberships:account")),
        Screen(INVOICES, admin, reverse("lms_memberships_invoices_results"), reverse("stock_invoices")),
        Screen("invoices of one membership", admin, reverse("lms_memberships_invoices_results"), membership=membership),
        Screen("report: recurring revenue", admin, report("recurring"), **year),
        Screen("report: what was paid", admin, report("earned"), **year),
        Screen("report: trials", admin, report("trials"), **year),
        Screen("report: failed payments", admin, report("payments"), **year),
        Screen("report: why people leave", admin, report("leaving"), **year),
        Screen("the admin's front page", admin, reverse("wagtailadmin_home")),
    ]


def _wagtails_user(pk: int) -> str:
    return reverse("wagtailusers_users:edit", args=[pk])
