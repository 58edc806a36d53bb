"""How are wagtail-lms' own doors closed? Its views, each behind the one decision; unsold courses pass untouched."""

from collections.abc import Callable

from django.contrib.auth.decorators import login_required
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.csrf import csrf_exempt
from wagtail_lms import views as theirs
from wagtail_lms.models import CoursePage, H5PActivity, SCORMAttempt, SCORMLessonPage, SCORMPackage

from ...access import gate
from ...access.policy import Decision
from ...access.reasons import Reason
from . import lessons, uses


def play(request: HttpRequest, lesson_id: int) -> HttpResponseBase:
    """Their player asks for an enrolment only, and anybody can have one."""
    lesson = get_object_or_404(SCORMLessonPage, pk=lesson_id)
    decision = lessons.decide(request, lesson)
    if decision.reason is Reason.NOT_SOLD:
        return theirs.scorm_player_view(request, lesson_id)
    if not decision.allowed:
        return gate.refuse(request, decision, thing=lesson)
    if not lesson.live and decision.reason not in lessons.STAFF:
        raise Http404
    lessons.enrol_if_learning(request.user, lesson.get_parent().specific, decision)
    return gate.keep_private(theirs.scorm_player_view(request, lesson_id))


def enrol(request: HttpRequest, course_id: int) -> HttpResponseBase:
    """A course in a membership is not free: this address enrols only those who have it."""
    course = get_object_or_404(CoursePage, pk=course_id)
    decision = lessons.decide(request, course)
    if decision.reason is not Reason.NOT_SOLD and not decision.allowed:
        return gate.refuse(request, decision, thing=course)
    return theirs.enroll_in_course(request, course_id)


@csrf_exempt
@login_required
def track_scorm(request: HttpRequest, attempt_id: int) -> HttpResponseBase:
    """What the package reports while it plays. Their view is exempt from CSRF, as packages cannot send the token."""
    attempt = get_object_or_404(SCORMAttempt.objects.select_related("scorm_package"), pk=attempt_id, user=request.user)
    decision = uses.decide_package(request, attempt.scorm_package)
    return _answer(decision, lambda: theirs.scorm_api_endpoint(request, attempt_id))


@login_required
def track_h5p(request: HttpRequest, activity_id: int) -> HttpResponseBase:
    """What an activity reports (xAPI)."""
    return _track(request, activity_id, theirs.h5p_xapi_view)


@csrf_exempt
@login_required
def remember_h5p(request: HttpRequest, activity_id: int) -> HttpResponseBase:
    """Where somebody stopped in an activity. Exempt from CSRF as theirs is."""
    return _track(request, activity_id, theirs.h5p_content_user_data_view)


class _ContentView(theirs.ServeScormContentView):
    """Their view keeps people inside the folder; this asks whose folder it is."""

    model: type[models.Model]
    is_sold = False

    def get(self, request: HttpRequest, content_path: str) -> HttpResponseBase:
        decision = self.decide(request, self._owner(content_path))
        if not decision.allowed:
            return _forbid()
        if decision.reason is Reason.NOT_SOLD:
            return super().get(request, content_path)
        self.is_sold = True
        return gate.keep_private(super().get(request, content_path))

    def decide(self, request: HttpRequest, owner: models.Model) -> Decision:
        raise NotImplementedError

    def should_redirect(self, content_type: str, storage_path: str) -> bool:
        # The storage's own address would stay open to whoever keeps it.
        return not self.is_sold and super().should_redirect(content_type, storage_path)

    def _owner(self, content_path: str) -> models.Model:
        if "\0" in content_path:
            raise Http404
        folder = self.normalize_content_path(content_path).split("/")[0]
        owner = self.model._default_manager.filter(extracted_path=folder).order_by("pk").first()
        if owner is None:
            raise Http404
        return owner


class ScormContentView(_ContentView):
    """The files of a SCORM package."""

    model = SCORMPackage

    def decide(self, request: HttpRequest, owner: models.Model) -> Decision:
        return uses.decide_package(request, owner)


class H5PContentView(_ContentView):
    """The files of an H5P activity."""

    model = H5PActivity
    get_storage_path = theirs.ServeH5PContentView.get_storage_path

    def decide(self, request: HttpRequest, owner: models.Model) -> Decision:
        return uses.decide_activity(request, owner)


def _track(request: HttpRequest, activity_id: int, view: Callable[..., HttpResponseBase]) -> HttpResponseBase:
    activity = get_object_or_404(H5PActivity, pk=activity_id)
    return _answer(uses.decide_activity(request, activity), lambda: view(request, activity_id))


def _answer(decision: Decision, view: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    if not decision.allowed:
        return gate.keep_private(JsonResponse({"error": decision.sentence}, status=403))
    response = view()
    return response if decision.reason is Reason.NOT_SOLD else gate.keep_private(response)


def _forbid() -> HttpResponseBase:
    # Bare: it stands in a frame, or is a script or a picture. The page around it has said why.
    return gate.keep_private(HttpResponse(status=403, content_type="text/plain"))
