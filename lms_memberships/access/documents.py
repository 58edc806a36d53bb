"""Who may download a document? Asked before Wagtail's own view, whose answers no shared cache may keep (S29)."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from wagtail.documents.models import AbstractDocument
from wagtail.documents.views.serve import serve

from .. import clock
from . import gate, uses
from .reasons import Reason

OPENED = "_lms_memberships_document_was_opened"


def document_door(document: AbstractDocument, request: HttpRequest) -> HttpResponseBase | None:
    """For ``before_serve_document``, first: None lets Wagtail go on."""
    if getattr(request, OPENED, False):
        return None
    decision = uses.decide_file(gate.user_of(request), document, now=clock.now())  # noqa: TID251 - a gate
    if decision.reason is Reason.NOT_SOLD:
        return None
    if not decision.allowed:
        return gate.refuse(request, decision, thing=document)
    gate.open_fence(gate.user_of(request))
    # Once more through Wagtail's view, with this door open, to get hold of the response's headers.
    setattr(request, OPENED, True)
    return _as_final(gate.keep_private(serve(request, document.pk, document.filename)))


def _as_final(response: HttpResponseBase) -> HttpResponseBase:
    # Wagtail stops at an HttpResponse only, and a streamed file is none: it would serve the file again, without
    # our headers. So the answer is given that class beside its own, which goes first in everything it does.
    if not isinstance(response, HttpResponse):
        own = type(response)
        response.__class__ = type(own.__name__, (own, HttpResponse), {})
    return response
