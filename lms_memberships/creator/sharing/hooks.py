"""Where does the admin offer to share a membership? At its row in the list."""

from collections.abc import Iterator

from django.contrib.auth.models import AbstractBaseUser
from django.db import models
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from wagtail import hooks
from wagtail.admin.widgets.button import Button

from ...memberships.models import Membership
from ...retrying import unwrapped
from . import views


@hooks.register("register_admin_urls")
def share_url() -> list[URLPattern]:
    return unwrapped([path("memberships/share/<int:pk>/", views.SharePage.as_view(), name=views.SHARE)])


@hooks.register("register_snippet_listing_buttons")
def share_button(snippet: models.Model, user: AbstractBaseUser, next_url: str | None = None) -> Iterator[Button]:
    if isinstance(snippet, Membership) and snippet.live:
        yield Button(_("Share"), reverse(views.SHARE, args=[snippet.pk]), icon_name="link", priority=25)
