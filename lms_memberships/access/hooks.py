"""Where does Wagtail ask us? The page door outermost, the document door first, and the copies that people make."""

from django.db import models
from django.http import HttpRequest
from wagtail import hooks

from . import followers
from .banner import add_banner
from .documents import document_door
from .gate import page_door

#: Before everything of Wagtail's own and of the site's.
OUTERMOST = -100

hooks.register("on_serve_page", page_door, order=OUTERMOST)
hooks.register("before_serve_document", document_door, order=OUTERMOST)
hooks.register("construct_wagtail_userbar", add_banner)


@hooks.register("after_copy_page")
def close_copy(request: HttpRequest, page: models.Model, new_page: models.Model) -> None:
    """A copied page of a bundled section may land where nothing covers it."""
    followers.follow_copy(new_page, page)
