"""What exactly is being opened? A page with everything above it, or a thing that the catalogue may know."""

from collections.abc import Iterator
from dataclasses import dataclass

import swapper
from django.contrib.contenttypes.models import ContentType
from django.db import models

from ..bundles.models import Item
from ..bundles.registry import type_of
from .compiled import Slot
from .words import PageOrAlias


@dataclass(frozen=True)
class Target:
    """How the catalogue would know a thing: by the tree paths that cover a page, or by type and id."""

    #: The page's own path, those above it, and those of the pages it is an alias of.
    paths: frozenset[str] = frozenset()
    content_type_id: int = 0
    object_id: str = ""

    @property
    def shape(self) -> tuple[int, bool]:
        """What the form of a query about it depends on; the rest are values."""
        return len(self.paths), bool(self.object_id)

    def path_slots(self) -> list[Slot]:
        return [Slot(f"path{number}") for number in range(len(self.paths))]

    def values(self) -> dict[str, object]:
        """For the slots of a compiled query."""
        paths = {f"path{number}": path for number, path in enumerate(self.paths)}
        return {**paths, "content_type": self.content_type_id, "object": self.object_id}


def page_model() -> type[PageOrAlias]:
    """Wagtail's page model, or the one that the site put in its place."""
    return swapper.load_model("wagtailcore", "Page")


def target_of(obj: object) -> Target | None:
    """None: nobody knows what this is, so it stays closed."""
    if not isinstance(obj, models.Model) or obj.pk is None:
        return None
    if isinstance(obj, page_model()):
        return Target(paths=frozenset(_covering_paths(obj)))
    if isinstance(obj, Item):
        return _target_of_item(obj)
    item_type = type_of(obj)
    if item_type is None:
        return None
    # The catalogue keeps its rows under the registered model (bundles/catalogue.py).
    content_type = ContentType.objects.get_for_model(item_type.model, for_concrete_model=False)
    return Target(content_type_id=content_type.pk, object_id=str(obj.pk))


def paths_down_to(path: str) -> Iterator[str]:
    """The path and those of everything above it; treebeard writes a fixed number of characters a level."""
    step = page_model().steplen
    return (path[:end] for end in range(step, len(path) + 1, step))


def _covering_paths(page: PageOrAlias | None) -> Iterator[str]:
    # An alias shows its source's content, so whatever covers the source covers the alias (Wagtail resolves them too).
    seen: set[int] = set()
    while page is not None and page.pk not in seen:
        seen.add(page.pk)
        yield from paths_down_to(page.path)
        page = page.alias_of if page.alias_of_id else None


def _target_of_item(item: Item) -> Target:
    paths = frozenset(_covering_paths(item.page)) if item.page_id else frozenset()
    return Target(paths=paths, content_type_id=item.content_type_id, object_id=item.object_id)
