"""Which lessons show this package or activity, and does one of them open it for this person?"""

from collections.abc import Iterable, Iterator

from django.contrib.contenttypes.models import ContentType
from django.db.models import Q
from django.http import HttpRequest
from wagtail.models import ReferenceIndex
from wagtail_lms.models import H5PActivity, H5PLessonPage, SCORMLessonPage, SCORMPackage

from ...access.policy import CLOSED, FREE, Decision
from ...access.reasons import Reason
from ...access.targets import page_model
from ...access.words import PageOrAlias
from . import lessons


def decide_package(request: HttpRequest, package: SCORMPackage) -> Decision:
    """The best answer of all lessons that play it."""
    return _best(request, SCORMLessonPage.objects.filter(scorm_package=package).order_by("pk"))


def decide_activity(request: HttpRequest, activity: H5PActivity) -> Decision:
    """The best answer of all pages that show it."""
    return _best(request, _pages_with(activity))


def _best(request: HttpRequest, pages: Iterable[PageOrAlias]) -> Decision:
    # What no page shows is unknown, and unknown means closed (design §5).
    answer = CLOSED
    for page in pages:
        decision = lessons.decide(request, page)
        if not page.live and decision.reason not in lessons.STAFF:
            # A draft shows nothing to students, so it opens nothing to them either.
            continue
        if decision.reason is Reason.NOT_SOLD:
            return FREE
        if decision.allowed or not answer.allowed:
            answer = decision
    return answer


def _pages_with(activity: H5PActivity) -> Iterator[PageOrAlias]:
    number = activity.pk
    texts = Q(body__icontains=f'"activity": {number}}}') | Q(body__icontains=f'"activity": {number},')
    for lesson in H5PLessonPage.objects.filter(texts).order_by("pk"):
        if _names_activity(list(lesson.body.raw_data), number):
            yield lesson
    # Pages of the site's own types that embed it. Lessons were read above; the index follows a moment later.
    references = ReferenceIndex.get_references_to(activity).filter(
        base_content_type=ContentType.objects.get_for_model(page_model())
    )
    pages = page_model().objects.filter(pk__in=[int(pk) for pk in references.values_list("object_id", flat=True)])
    yield from pages.not_type(H5PLessonPage).order_by("pk")


def _names_activity(value: object, number: int) -> bool:
    if isinstance(value, dict):
        return value.get("activity") == number or any(_names_activity(part, number) for part in value.values())
    if isinstance(value, list):
        return any(_names_activity(part, number) for part in value)
    return False
