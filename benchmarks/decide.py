"""How long does it take to say who may open what? ``decide`` beside Wagtail's own restriction to groups."""

import copy
from collections.abc import Callable
from typing import TypeVar

from django.contrib.auth import get_user_model
from django.db import models
from django.test import RequestFactory
from django.utils import timezone
from wagtail.models import PageViewRestriction

from lms_memberships.access import decide, items_open_to
from lms_memberships.access.reasons import Reason

from . import school
from .asking import Arguments
from .measuring import Act, Row, at_most, medians, milliseconds, queries

LISTED = 50
FLAT = 1.5
Thing = TypeVar("Thing", bound=models.Model)


def rows(arguments: Arguments) -> list[Row]:
    """First the small school, then the large one; the same pages and the same people in both."""
    found: list[Row] = []
    times: dict[int, float] = {}
    scene = school.build()
    for size in arguments.sizes:
        school.grow(size)
        found += [_member(scene, size, times), _stranger(scene, size)]
    first, last = min(times), max(times)
    flat = at_most(FLAT, times[last] / times[first])
    found.append(
        Row(f"decide(), {last:,} beside {first:,}", milliseconds(times[last]), milliseconds(times[first]), **flat)
    )
    return [*found, _superuser(scene), _nobody(scene), _many(scene)]


def _member(scene: school.School, size: int, times: dict[int, float]) -> Row:
    ours, wagtails = _ours(scene, scene.student_in_groups), _wagtails(scene, scene.student_in_groups)
    _expect(scene, scene.student_in_groups, Reason.MEMBER, wagtails()() == [True])
    times[size], peer = medians(ours, wagtails, rounds=400)
    return _compared(f"decide(), member, {size:,} subscriptions", (ours, times[size]), (wagtails, peer))


def _expect(scene: school.School, person: models.Model, reason: Reason, *wagtail_agrees: bool) -> None:
    """A fast wrong answer is worth nothing."""
    decided = decide(fresh(person), scene.page, now=timezone.now()).reason
    if decided is not reason or not all(wagtail_agrees):
        raise RuntimeError(f"{person} was told {decided}, not {reason}, or Wagtail told them otherwise")


def _stranger(scene: school.School, size: int) -> Row:
    ours, wagtails = _ours(scene, scene.stranger), _wagtails(scene, scene.stranger)
    _expect(scene, scene.stranger, Reason.JOIN, wagtails()() == [False])
    mine, peer = medians(ours, wagtails, rounds=200)
    return _compared(f"decide(), not a member, {size:,} subscriptions", (ours, mine), (wagtails, peer))


def _compared(what: str, ours: tuple[Callable[[], Act], float], peer: tuple[Callable[[], Act], float]) -> Row:
    (prepare, mine), (prepare_peer, theirs) = ours, peer
    asked, asked_peer = len(queries(prepare())), len(queries(prepare_peer()))
    budget = at_most(0.2, mine / theirs)
    return Row(
        what,
        f"{asked} query, {milliseconds(mine)}" if asked == 1 else f"{asked} queries, {milliseconds(mine)}",
        f"Wagtail: {asked_peer} queries, {milliseconds(theirs)}",
        **{**budget, "is_met": budget["is_met"] and asked == 1},
    )


def _superuser(scene: school.School) -> Row:
    person = get_user_model()(username="root", is_superuser=True, pk=scene.student.pk)
    asked = len(queries(lambda: decide(person, scene.page, now=timezone.now())))
    return Row("decide(), superuser", f"{asked} queries", budget="0 queries", is_met=asked == 0)


def _nobody(scene: school.School) -> Row:
    person = fresh(scene.student)
    decide(person, scene.page, now=timezone.now())
    asked = len(queries(lambda: decide(person, scene.page, now=timezone.now())))
    return Row("decide(), the second time in a request", f"{asked} queries", budget="0 queries", is_met=asked == 0)


def _many(scene: school.School) -> Row:
    """A thousand at once beside Wagtail's way for fifty, which would be twenty times as much for a thousand."""

    def ours() -> Act:
        person, pages = fresh(scene.student), [fresh(page) for page in scene.pages]
        return lambda: items_open_to(person, pages, now=timezone.now())

    def wagtails() -> Act:
        request, pages = _request(scene.student_in_groups), [fresh(page) for page in scene.pages[:LISTED]]
        return lambda: [_accepts(page, request) for page in pages]

    mine, peer = medians(ours, wagtails, rounds=20)
    asked, asked_peer = len(queries(ours())), len(queries(wagtails()))
    each, each_peer = mine / len(scene.pages), peer / LISTED
    return Row(
        f"{len(scene.pages):,} items open or closed (times for each item)",
        f"{asked} query, {milliseconds(each)}",
        f"Wagtail: {asked_peer} queries for {LISTED}, {milliseconds(each_peer)}",
        each / each_peer,
        "1 query",
        asked == 1,
    )


def _ours(scene: school.School, person: models.Model) -> Callable[[], Act]:
    def prepare() -> Act:
        page, who = fresh(scene.page), fresh(person)
        return lambda: decide(who, page, now=timezone.now())

    return prepare


def _wagtails(scene: school.School, person: models.Model) -> Callable[[], Act]:
    def prepare() -> Act:
        page, request = fresh(scene.page), _request(person)
        return lambda: _accepts(page, request)

    return prepare


def _accepts(page: models.Model, request: object) -> list[bool]:
    restrictions: models.QuerySet[PageViewRestriction] = page.get_view_restrictions()
    return [restriction.accept_request(request) for restriction in restrictions]


def _request(person: models.Model) -> object:
    request = RequestFactory().get("/")
    request.user = fresh(person)
    return request


def fresh(thing: Thing) -> Thing:
    """As a new request has it: the columns are loaded, nothing else is remembered."""
    names = {field.attname for field in thing._meta.concrete_fields}
    made = copy.copy(thing)
    made._state = copy.copy(thing._state)
    made._state.fields_cache = {}
    made.__dict__ = {name: value for name, value in made.__dict__.items() if name in names or name == "_state"}
    return made
