"""What may an API show? A mixin for Wagtail's viewsets: members read what is theirs, and no cache keeps it (S32)."""

from typing import Any

from django.db import models
from django.http import HttpRequest, HttpResponseBase

from .. import clock
from . import gate
from .visible import visible_to


class MembershipsAPIMixin:
    """Put it before ``PagesAPIViewSet``, or before a viewset of a registered kind.

    Without it the fence keeps members' pages out of the API for everybody but superusers, members included.
    """

    request: HttpRequest
    _pages: models.QuerySet | None = None

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        response = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]  # of the viewset
        return gate.keep_private(response)

    def get_base_queryset(self) -> Any:
        """Pages: Wagtail's own selection with the fence open, and then what this reader may open."""
        # Wagtail asks for it several times in a request.
        if self._pages is None:
            gate.open_fence(gate.user_of(self.request))
            self._pages = self._visible(super().get_base_queryset())  # type: ignore[misc]  # of the viewset
        return self._pages.all()

    def get_queryset(self) -> Any:
        """Things: those that this reader may open. Pages were seen to above."""
        rows = super().get_queryset()  # type: ignore[misc]  # of the viewset
        return rows if hasattr(super(), "get_base_queryset") else self._visible(rows)

    def _visible(self, rows: models.QuerySet) -> models.QuerySet:
        return visible_to(rows, gate.user_of(self.request), now=clock.now())  # noqa: TID251 - a gate
