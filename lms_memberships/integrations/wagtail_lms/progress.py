"""How far has a student come with these courses? Enrolled when, and how many lessons are completed; five queries."""

from collections.abc import Collection, Iterable, Mapping
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q
from wagtail_lms.models import (
    CourseEnrollment,
    CoursePage,
    H5PLessonCompletion,
    H5PLessonPage,
    SCORMAttempt,
    SCORMLessonPage,
)

from ...bundles.progress import Progress

#: That LMS's words for a package that was gone through.
COMPLETED = ("completed", "passed")


def of(user: Any, keys: Collection[str]) -> Mapping[str, Progress]:
    """By the key of the course; only of those that the person is enrolled in."""
    courses = CoursePage.objects.filter(pk__in=[int(key) for key in keys if key.isdigit()])
    rows = CourseEnrollment.objects.filter(user=user, course__in=courses).select_related("course")
    enrolments = list(rows.order_by("pk"))
    if not enrolments:
        return {}
    paths = [each.course.path for each in enrolments]
    activities = dict(H5PLessonPage.objects.live().filter(_below(paths)).values_list("pk", "path"))
    packages = list(SCORMLessonPage.objects.live().filter(_below(paths)).values_list("path", "scorm_package_id"))
    done = H5PLessonCompletion.objects.filter(user=user, lesson__in=activities).values_list("lesson_id", flat=True)
    played = SCORMAttempt.objects.filter(user=user, completion_status__in=COMPLETED)
    played = played.filter(scorm_package__in=[package for _path, package in packages])
    gone_through = set(played.values_list("scorm_package_id", flat=True))
    done_paths = [activities[pk] for pk in done] + [path for path, package in packages if package in gone_through]
    all_paths = [*activities.values(), *(path for path, _package in packages)]
    return {
        str(each.course_id): Progress(
            begun_at=each.enrolled_at,
            completed_at=each.completed_at,
            done=_count(done_paths, each.course.path),
            steps=_count(all_paths, each.course.path),
        )
        for each in enrolments
    }


def _below(paths: Iterable[str]) -> Q:
    return reduce(or_, (Q(path__startswith=path) for path in paths))


def _count(paths: Iterable[str], course: str) -> int:
    return sum(path.startswith(course) for path in paths)
