"""What may be shown of a thing to everybody? One answer for lists, feeds, site maps, previews and the paywall (S33)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import models
from django.utils.translation import gettext as _

from .. import conf
from ..bundles.models import Item
from ..bundles.registry import type_of
from . import policy
from .targets import page_model
from .words import Person


@dataclass(frozen=True)
class Teaser:
    """Words that may stand anywhere, whoever reads them."""

    title: str
    #: One line: the search description of a page, or the line of its kind. Empty unless it may be shown.
    text: str
    url: str
    is_open: bool


def teaser(user: Person, thing: models.Model, *, now: datetime) -> Teaser:
    """For one reader and one thing. Show it to an anonymous user where the answer is kept for everybody."""
    return _teaser(thing, is_open=policy.decide(user, thing, now=now).allowed)


def teasers(user: Person, things: Iterable[models.Model], *, now: datetime) -> Iterator[Teaser]:
    """For many things, in their order, with one query."""
    listed = list(things)
    open_things = policy.items_open_to(user, listed, now=now)
    return (_teaser(thing, is_open=thing in open_things) for thing in listed)


def public_title(thing: models.Model | None) -> str:
    """Its title where titles may be shown, or else words that say nothing of it."""
    return _title_of(thing) if thing is not None and conf.SHOW_TITLES else _("Members only")


def _teaser(thing: models.Model, *, is_open: bool) -> Teaser:
    may_show_text = is_open or conf.SHOW_DESCRIPTIONS
    return Teaser(
        title=_title_of(thing) if is_open else public_title(thing),
        text=_text_of(thing) if may_show_text else "",
        url=_url_of(thing),
        is_open=is_open,
    )


def _title_of(thing: models.Model) -> str:
    item_type = type_of(thing)
    return str(item_type.title(thing) if item_type else thing)


def _text_of(thing: models.Model) -> str:
    item_type = type_of(thing)
    if isinstance(thing, page_model()):
        return thing.search_description
    return str(item_type.description(thing)) if item_type else ""


def _url_of(thing: models.Model) -> str:
    item_type = type_of(thing)
    if isinstance(thing, Item):
        return thing.url
    if isinstance(thing, page_model()):
        return thing.get_url() or ""
    return item_type.url(thing) if item_type else ""
