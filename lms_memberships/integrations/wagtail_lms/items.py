"""How does a course of wagtail-lms become something that a membership contains?"""

from collections.abc import Collection, Mapping
from typing import Any

from django.db import models
from django.utils.html import strip_tags
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from wagtail_lms.models import CoursePage

from ...bundles.progress import Progress
from ...bundles.registry import BundleItemType
from . import progress
from .lessons import enrol


class CourseType(BundleItemType):
    """A course with all its lessons: the pages below it are covered too."""

    kind = "course"
    label = _("course")
    label_plural = _("courses")
    icon = "glasses"
    order = 10
    model = CoursePage

    def queryset(self) -> models.QuerySet:
        """Not its aliases: they are covered by the course that they show."""
        return CoursePage.objects.filter(alias_of__isnull=True).order_by("title", "pk")

    def title(self, obj: Any) -> str:
        return obj.title

    def description(self, obj: Any) -> str:
        return Truncator(strip_tags(obj.description)).chars(160)

    def url(self, obj: Any) -> str:
        return obj.get_url() or ""

    def access_gained(self, user: Any, obj: Any) -> None:
        enrol(user, obj)

    def progress(self, user: Any, keys: Collection[str]) -> Mapping[str, Progress]:
        return progress.of(user, keys)
