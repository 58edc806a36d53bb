"""Does the command answer for anybody, anything and any day? And does the template tag ask the same function?"""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.management import CommandError, call_command
from django.template import Context, Template

from lms_memberships.access import decide
from lms_memberships.models import Item
from tests.access import school

pytestmark = pytest.mark.django_db


def ask(*words: str) -> tuple[str, int]:
    output = StringIO()
    try:
        call_command("memberships_why", *words, stdout=output)
    except SystemExit as end:
        return output.getvalue(), end.code
    return output.getvalue(), 0


def test_it_says_no_in_one_sentence_and_fails(course, gold, student):
    """X1"""
    answer, code = ask("student", "/clay/")
    assert code == 1
    assert answer.startswith("student → Clay: no. This is for members")
    assert answer.count("\n") == 1


def test_it_answers_for_another_day(course, gold, student, now):
    """X1"""
    school.subscribe(student, gold, until=now + timedelta(days=10))
    assert ask("student", "/clay")[1] == 0
    later = (now + timedelta(days=12)).date().isoformat()
    assert ask("student", "/clay", "--at", later)[1] == 1


def test_before_they_joined_it_was_closed(course, gold, student, now, settings):
    """X1: what interrupted it since is not known, but that it had not begun is."""
    school.subscribe(student, gold, until=now + timedelta(days=10), opened_at=now - timedelta(days=5))
    for days, allowed in ((1, True), (4, True), (6, False), (2000, False)):
        then = (now - timedelta(days=days)).isoformat()
        answer, code = ask("student", "/clay/", "--at", then)
        assert code == (0 if allowed else 1), days
        assert ("This is for members" in answer) is not allowed
    settings.LMS_MEMBERSHIPS_REQUIRE_MEMBERSHIP = True
    school.course("Glaze")
    assert ask("student", "/glaze/", "--at", (now - timedelta(days=1)).isoformat())[1] == 0
    assert ask("student", "/glaze/", "--at", (now - timedelta(days=6)).isoformat())[1] == 1


def test_a_clock_of_stripes_that_is_ahead_locks_nobody_out(course, gold, student, now):
    """X1: the present asks until when it is open, and never when it began."""
    school.subscribe(student, gold, until=now + timedelta(days=10), opened_at=now + timedelta(days=1))
    assert ask("student", "/clay/")[1] == 0
    assert decide(student, course, now=now).allowed


@pytest.mark.parametrize("person", ["student", "student@school.test", "STUDENT@school.test", "-"])
def test_it_finds_people_by_name_address_or_as_a_visitor(course, person, student):
    """X1"""
    answer = json.loads(ask(person, f"wagtailcore.Page:{course.pk}", "--json")[0])
    assert (answer["allowed"], answer["reason"]) == (True, "not_sold")


def test_it_finds_things_by_their_number_in_the_catalogue(course, gold, student):
    """X1"""
    answer = json.loads(ask("student", str(Item.objects.get(page=course).pk), "--json")[0])
    assert (answer["allowed"], answer["reason"]) == (False, "join")
    assert [one["title"] for one in answer["memberships"]] == ["Gold"]


@pytest.mark.parametrize(
    "words", [("nobody", "/clay/"), ("student", "/nowhere/"), ("student", "x:1"), ("student", "a.B")]
)
def test_what_it_does_not_know_it_says(course, student, words):
    """X1"""
    with pytest.raises(CommandError):
        ask(*words)


def test_a_broken_date_is_refused(course, student):
    """X1"""
    for broken in ("soon", "2027-13-01"):
        with pytest.raises(CommandError):
            ask("student", "/clay/", "--at", broken)


def test_a_template_asks_the_same_function(course, gold, student, rf, now):
    """X3"""
    template = Template(
        "{% load memberships %}{% can_open course as allowed %}{% if allowed %}open{% else %}shut{% endif %}"
    )
    request = rf.get("/")
    request.user = AnonymousUser()
    assert template.render(Context({"request": request, "course": course})) == "shut"
    school.subscribe(student, gold, until=now + timedelta(days=1))
    request.user = student
    assert template.render(Context({"request": request, "course": course})) == "open"
    assert template.render(Context({"user": student, "course": course})) == "open"
    assert template.render(Context({"course": course})) == "shut"
