"""Why was a deed not done? Kept as the words stand in the code, so that whoever reads it later reads their own language (X24)."""

from collections.abc import Mapping

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from ..errors import OutsideFailure, Refusal
from ..payments.gateway import GatewayFailure, NotFound, RequestRefused
from .deed_models import Deed

#: Of the details: what stands in the sentence, and whether it was a no that nobody asks about again.
VALUES, REFUSED = "failure_values", "is_refused"
DEFINITE = (Refusal, NotFound, RequestRefused)


def note(deed: Deed, no: Refusal | OutsideFailure) -> None:
    """It is tried again by the job."""
    _note(deed, no, {})


def note_refusal(deed: Deed, no: Refusal | OutsideFailure) -> None:
    """Nobody tries it again but whoever sent the form: what was refused stays so."""
    _note(deed, no, {REFUSED: True} if isinstance(no, DEFINITE) else {})


def forget(details: Mapping[str, object]) -> dict[str, object]:
    """What is left of the details once all of it is done."""
    return {name: value for name, value in details.items() if name not in (VALUES, REFUSED)}


def is_refused(deed: Deed) -> bool:
    return deed.settled_at is None and bool(deed.details.get(REFUSED))


def why(deed: Deed) -> str:
    """In the reader's language. What an earlier version kept is said as it is."""
    if not deed.failure:
        return ""
    words, values = _(deed.failure), deed.details.get(VALUES)
    return words % values if values else words


def _note(deed: Deed, no: Refusal | OutsideFailure, details: dict[str, object]) -> None:
    words, values = no.message, {}
    if isinstance(no, GatewayFailure) and no.words is not None:
        words, values = no.words, dict(no.values)
    with translation.override(None):
        said = str(words)
    with transaction.atomic():
        row = Deed.objects.select_for_update().get(pk=deed.pk)
        if row.settled_at is None:
            row.failure = said[:2000]
            row.details = {**forget(row.details), **details, **({VALUES: values} if values else {})}
            row.save(update_fields=["failure", "details"])
