"""Where does Wagtail ask us about courses? In step 2 of the wizard, and when a course page is opened."""

from collections.abc import Callable

from django.db import models
from django.http import HttpRequest, HttpResponseBase
from wagtail import hooks
from wagtail_lms.models import CoursePage

from ...access.hooks import OUTERMOST
from ...bundles.registry import HOOK, BundleItemType
from . import lessons
from .items import CourseType

Serve = Callable[..., HttpResponseBase]


@hooks.register(HOOK)
def course_type() -> list[type[BundleItemType]]:
    return [CourseType]


# Inside the page door, which has said yes by then.
@hooks.register("on_serve_page", order=OUTERMOST + 1)
def enrol_on_opening(next_serve: Serve) -> Serve:
    """A member who opens a course is enrolled: that LMS's own button is not for sold courses."""

    def serve(page: models.Model, request: HttpRequest, args: tuple, kwargs: dict) -> HttpResponseBase:
        if isinstance(page, CoursePage) and getattr(request, "user", None):
            lessons.enrol_if_learning(request.user, page, lessons.decide(request, page))
        return next_serve(page, request, args, kwargs)

    return serve
