"""Which settings would hand out what memberships close? For the system checks, which put them beside the others (S29)."""

from collections.abc import Iterator

from django.conf import settings
from django.core import checks
from django.core.files.storage import FileSystemStorage, default_storage
from wagtail.documents import get_document_model

from ..bundles.registry import type_of

PAST_THE_DOOR = {
    "direct": "Documents have the storage's own address, which no door stands before.",
    "redirect": "Whoever may open a document gets the storage's own address, which stays open to all who know it.",
}
SERVE_VIEW = 'Set WAGTAILDOCS_SERVE_METHOD = "serve_view", and keep documents out of the web server\'s media folder.'


def documents_pass_the_door() -> Iterator[checks.CheckMessage]:
    """An error where documents are sold; a warning elsewhere, since closed pages close the documents they show."""
    method = _serve_method()
    if method not in PAST_THE_DOOR:
        return
    is_sold = type_of(get_document_model()) is not None
    if is_sold:
        yield checks.Error(PAST_THE_DOOR[method], hint=SERVE_VIEW, id="lms_memberships.E040")
    else:
        yield checks.Warning(PAST_THE_DOOR[method], hint=SERVE_VIEW, id="lms_memberships.W041")


def _serve_method() -> str:
    named = getattr(settings, "WAGTAILDOCS_SERVE_METHOD", None)
    if named is not None:
        return str(named)
    # Wagtail's own choice: a storage without files on this machine is redirected to.
    return "serve_view" if isinstance(default_storage, FileSystemStorage) else "redirect"
