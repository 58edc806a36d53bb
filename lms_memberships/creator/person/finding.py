"""Which account is meant? Searched for by its user name or e-mail address, a few at a time."""

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q

from ...payments.customers import email_of
from ...subscriptions import tombstones
from .access import name_of
from .slices import Slice, slice_of

PER_PAGE = 10
LONGEST = 100


def searched_for(typed: str) -> str:
    # No database holds a NUL.
    return typed.replace("\0", "").strip()[:LONGEST]


def accounts(words: str, query: Mapping[str, str], url: Callable[[int], str], *, but: int | None = None) -> Slice:
    """Name, address and where a click leads. Of no words: none."""
    model = get_user_model()
    named = Q(**{f"{model.USERNAME_FIELD}__icontains": words})
    named |= Q(**{f"{model.get_email_field_name()}__icontains": words})
    rows = model._default_manager.filter(named) if words else model._default_manager.none()
    found = slice_of(rows.filter(tombstones.present()).exclude(pk=but).order_by("pk"), query, "people", size=PER_PAGE)
    return Slice([_shown(row, url) for row in found.rows], found.number, found.older, found.newer)


def _shown(row: Any, url: Callable[[int], str]) -> dict[str, str]:
    return {"name": name_of(row), "email": email_of(row), "url": url(row.pk)}
