"""Where does the Wagtail admin ask whether something may be deleted? In each of its four ways to delete."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import swapper
from django.conf import settings
from django.contrib.admin.utils import quote
from django.contrib.auth.models import AbstractBaseUser
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from wagtail import hooks
from wagtail.admin import messages

from ..errors import Refusal
from .deleting import refuse_what_is_kept

if TYPE_CHECKING:
    from wagtail.admin.views.bulk_action.base_bulk_action import BulkAction


@hooks.register("before_delete_page")
def before_a_page(request: HttpRequest, page: models.Model) -> HttpResponse | None:
    return _answer(request, [page, *_translations_of(page)])


@hooks.register("before_delete_snippet")
def before_snippets(request: HttpRequest, instances: Iterable[models.Model]) -> HttpResponse | None:
    return _answer(request, instances)


@hooks.register("before_delete_user")
def before_a_user(request: HttpRequest, user: AbstractBaseUser) -> HttpResponse | None:
    return _answer(request, [user])


@hooks.register("before_bulk_action")
def before_many(
    request: HttpRequest, action_type: str, objects: Iterable[models.Model], action: "BulkAction"
) -> HttpResponse | None:
    return _answer(request, objects) if action_type == "delete" else None


def _answer(request: HttpRequest, things: Iterable[models.Model]) -> HttpResponse | None:
    """Nothing for "go on"; else back to the first thing's own page, where unpublishing is one button away."""
    things = list(things)
    try:
        refuse_what_is_kept(things)
    except Refusal as refusal:
        messages.error(request, str(refusal.message), buttons=_ways_out(things[0]))
        return HttpResponseRedirect(_address_of(things[0]))
    return None


def _ways_out(thing: models.Model) -> list[tuple[str, str, bool]]:
    if not getattr(thing, "live", False):
        return []
    if isinstance(thing, swapper.load_model("wagtailcore", "Page")):
        return [messages.button(reverse("wagtailadmin_pages:unpublish", args=[thing.pk]), _("Unpublish"))]
    return [messages.button(_snippet_address(thing, "unpublish"), _("Unpublish"))]


def _address_of(thing: models.Model) -> str:
    if isinstance(thing, swapper.load_model("wagtailcore", "Page")):
        return reverse("wagtailadmin_pages:edit", args=[thing.pk])
    if isinstance(thing, AbstractBaseUser):
        return reverse("wagtailusers_users:edit", args=[quote(thing.pk)])
    return _snippet_address(thing, "edit")


def _snippet_address(thing: models.Model, name: str) -> str:
    return reverse(thing.snippet_viewset.get_url_name(name), args=[quote(thing.pk)])


def _translations_of(page: models.Model) -> list[models.Model]:
    """What Wagtail deletes along with a page on a site in several languages."""
    if not getattr(settings, "WAGTAIL_I18N_ENABLED", False):
        return []
    found: list[models.Model] = []
    for fn in hooks.get_hooks("construct_translated_pages_to_cascade_actions"):
        for pages in (fn([page], "delete") or {}).values():
            found.extend(pages)
    return found
