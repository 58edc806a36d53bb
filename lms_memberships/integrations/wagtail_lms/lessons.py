"""May this student open this lesson? Our decision for courses in a membership, that LMS's own rule for the rest."""

from typing import Any

from django.db import models
from django.http import HttpRequest
from wagtail_lms.access import default_lesson_access_check
from wagtail_lms.models import CourseEnrollment, CoursePage

from ... import clock
from ...access import gate, policy
from ...access.policy import Decision
from ...access.reasons import Reason

#: Those who learn. Staff look in without being enrolled, as in that LMS itself.
LEARNING = frozenset({Reason.MEMBER, Reason.IN_GRACE})
STAFF = frozenset({Reason.SUPERUSER, Reason.EDITOR})


def check_lesson_access(request: HttpRequest, lesson_page: models.Model, course_page: models.Model) -> bool:
    """The signature that wagtail-lms calls. Courses in no membership behave as if we were not here."""
    decision = decide(request, lesson_page)
    if decision.reason is Reason.NOT_SOLD:
        return default_lesson_access_check(request, lesson_page, course_page)
    if decision.allowed:
        enrol_if_learning(request.user, course_page, decision)
    return decision.allowed


def decide(request: HttpRequest, page: models.Model) -> Decision:
    """Access to a course, or to a lesson, which its course covers."""
    return policy.decide(gate.user_of(request), page, now=clock.now())


def enrol_if_learning(user: Any, course: models.Model, decision: Decision) -> None:
    """That LMS keeps progress by enrolment. It is made on access and never taken back."""
    if decision.reason in LEARNING and isinstance(course, CoursePage):
        enrol(user, course)


def enrol(user: Any, course: CoursePage) -> None:
    # An alias shows its source's lessons, and progress belongs to the source.
    source = course.alias_of.specific if course.alias_of_id else course
    CourseEnrollment.objects.get_or_create(user=user, course=source)
