"""Which kinds of things can be bundled? Sites name theirs through the hook ``register_bundle_item_types``."""

from collections.abc import Collection, Mapping
from functools import cache
from typing import ClassVar

from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.utils.functional import Promise
from wagtail import hooks

from .progress import Progress

HOOK = "register_bundle_item_types"


class BundleItemType:
    """One kind of thing. Subclass it, name the model, and return the class from the hook.

    ::

        @hooks.register("register_bundle_item_types")
        def live_sessions():
            return [LiveSessionType]
    """

    #: Short, stable, stored in the database.
    kind: ClassVar[str]
    label: ClassVar[str | Promise]
    label_plural: ClassVar[str | Promise]
    icon: ClassVar[str] = "list-ul"
    #: Where the kind stands in step 2; smaller first.
    order: ClassVar[int] = 100
    model: ClassVar[type[models.Model]]

    def queryset(self) -> models.QuerySet:
        """Every thing of this kind that may be bundled."""
        return self.model._default_manager.all()

    def title(self, obj: models.Model) -> str:
        return str(obj)

    def description(self, obj: models.Model) -> str:
        """One line for the student, under the title."""
        return ""

    def url(self, obj: models.Model) -> str:
        """The address at which a student opens it; empty when it has none."""
        # Wagtail's pages have the second.
        get_url = getattr(obj, "get_absolute_url", None) or getattr(obj, "get_url", None)
        return (get_url() or "") if get_url else ""

    def image(self, obj: models.Model) -> models.Model | None:
        """A Wagtail image, or None."""
        return None

    def is_live(self, obj: models.Model) -> bool:
        """Whether a student would find it: published, not archived."""
        return bool(getattr(obj, "live", True))

    def access_gained(self, user: models.Model, obj: models.Model) -> None:
        """Called once when it opened for somebody, after commit, and again if it failed. Must be repeatable."""

    def progress(self, user: models.Model, keys: Collection[str]) -> Mapping[str, Progress]:
        """How far that person has come with the things of these keys, for staff. In a constant number of queries.

        What is left out has no progress, or keeps none.
        """
        return {}


@cache
def item_types() -> dict[str, BundleItemType]:
    """Every registered kind by its name, in the order of step 2.

    Raises ImproperlyConfigured when two kinds share a name or a model.
    """
    found: dict[str, BundleItemType] = {}
    classes = [cls for hook in hooks.get_hooks(HOOK) for cls in hook()]
    for cls in sorted(classes, key=lambda item_type: (item_type.order, str(item_type.kind))):
        if cls.kind in found or cls.model in [known.model for known in found.values()]:
            msg = f"Two bundle item types share the kind or the model of {cls!r}"
            raise ImproperlyConfigured(msg)
        found[cls.kind] = cls()
    return found


def type_of(obj_or_model: models.Model | type[models.Model]) -> BundleItemType | None:
    """The kind of a thing, looked up along its class's ancestors; None: it cannot be bundled."""
    model = obj_or_model if isinstance(obj_or_model, type) else type(obj_or_model)
    by_model = {item_type.model: item_type for item_type in item_types().values()}
    return next((by_model[ancestor] for ancestor in model.__mro__ if ancestor in by_model), None)
