"""Which pages show this document or picture, and is one of them open to this person?"""

from collections.abc import Iterator
from datetime import datetime

from django.contrib.contenttypes.models import ContentType
from wagtail.models import CollectionMember, ReferenceIndex

from ..bundles.registry import type_of
from . import editing, fence, policy
from .policy import CLOSED, FREE, Decision
from .reasons import Reason
from .targets import page_model
from .words import PageOrAlias, Person


def decide_file(user: Person, file: CollectionMember, *, now: datetime) -> Decision:
    """A document or an image: by the memberships that contain it, or else by the published pages that show it.

    What only closed pages show is closed. What an open page shows too is open, unless its collection is fenced:
    then it is for those who may open a members' page that shows it, and for nobody when none does.
    """
    if type_of(file) is not None:
        decision = policy.decide(user, file, now=now)
        if decision.reason is not Reason.NOT_SOLD:
            return decision
    answer = _by_pages(user, file, now=now, is_fenced=_is_in_fenced_collection(file))
    if not answer.allowed and user.is_authenticated and editing.may_edit(user, file):
        return Decision(allowed=True, reason=Reason.EDITOR)
    return answer


def _by_pages(user: Person, file: CollectionMember, *, now: datetime, is_fenced: bool) -> Decision:
    if user.is_superuser and user.is_active:
        return policy.SUPERUSER
    closed: Decision | None = CLOSED if is_fenced else None
    for page in _pages_with(file):
        decision = policy.decide(user, page, now=now)
        if decision.reason is Reason.NOT_SOLD:
            if not is_fenced:
                return FREE
        elif decision.allowed:
            return decision
        else:
            closed = closed if closed and closed.membership_ids else decision
    return closed or FREE


def _is_in_fenced_collection(file: CollectionMember) -> bool:
    return file.collection.get_view_restrictions().filter(groups__name__in=fence.GROUP_NAMES).exists()


def _pages_with(file: CollectionMember) -> Iterator[PageOrAlias]:
    kind = ContentType.objects.get_for_model(page_model())
    references = ReferenceIndex.get_references_to(file).filter(base_content_type=kind)
    numbers = {int(pk) for pk in references.values_list("object_id", flat=True)}
    yield from page_model().objects.filter(pk__in=numbers, live=True).select_related("alias_of").order_by("pk")
