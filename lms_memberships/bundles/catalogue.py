"""Does the catalogue match the site? One row for each thing that can be bundled, kept by signals and a rebuild."""

import logging
from collections.abc import Iterable

import swapper
from django.apps import AppConfig
from django.contrib.contenttypes.models import ContentType
from django.db import DatabaseError, models, transaction
from django.db.models.signals import post_delete, post_migrate, post_save
from wagtail.signals import page_published, page_unpublished, post_page_move, published, unpublished

from .models import Item
from .registry import BundleItemType, item_types, type_of

logger = logging.getLogger(__name__)

BATCH = 500


def item_for(obj: models.Model) -> Item | None:
    """The catalogue's row for a thing; None when it cannot be bundled or was never saved."""
    return Item.objects.filter(content_type=_content_type(obj), object_id=str(obj.pk)).first()


def sync(obj: models.Model) -> Item | None:
    """Write the row of one thing as it is now; None when its kind is not registered."""
    item_type = type_of(obj)
    if item_type is None:
        return None
    item, _created = Item.objects.update_or_create(
        content_type=_content_type(obj), object_id=str(obj.pk), defaults=_columns(item_type, obj)
    )
    return item


def rebuild() -> int:
    """Write every row anew and drop those whose thing is gone and not bundled. Returns how many rows stand."""
    for item_type in item_types().values():
        for obj in item_type.queryset().iterator(chunk_size=BATCH):
            sync(obj)
    _drop_orphans()
    return Item.objects.count()


def connect() -> None:
    """Follow the site's own saves. Receivers are idle for models that no type names."""
    post_migrate.connect(_installed, dispatch_uid="lms_memberships.catalogue.installed")
    post_save.connect(_saved, dispatch_uid="lms_memberships.catalogue.saved")
    post_delete.connect(_deleted, dispatch_uid="lms_memberships.catalogue.deleted")
    for number, signal in enumerate((page_published, page_unpublished, published, unpublished, post_page_move)):
        signal.connect(_announced, dispatch_uid=f"lms_memberships.catalogue.announced.{number}")


def _installed(sender: AppConfig, **kwargs: object) -> None:
    """An existing site has courses already: fill an empty catalogue once its tables are there."""
    if sender.label != Item._meta.app_label:
        return
    try:
        with transaction.atomic():
            if not Item.objects.exists():
                rebuild()
    except DatabaseError:
        # Half a migration, or back to none: the next one fills it, and so does memberships_daily.
        logger.info("The catalogue could not be filled yet", exc_info=True)


def _content_type(obj: models.Model) -> ContentType:
    item_type = type_of(obj)
    # Rows are kept under the registered model, so that a subclass and its base are one thing.
    model = item_type.model if item_type else type(obj)
    return ContentType.objects.get_for_model(model, for_concrete_model=False)


def _columns(item_type: BundleItemType, obj: models.Model) -> dict[str, object]:
    page_model = swapper.load_model("wagtailcore", "Page")
    return {
        "kind": item_type.kind,
        "title": item_type.title(obj)[:255],
        "url": (item_type.url(obj) or "")[:500],
        "live": item_type.is_live(obj),
        "page_id": obj.pk if isinstance(obj, page_model) else None,
    }


def _saved(sender: type[models.Model], instance: models.Model, **kwargs: object) -> None:
    if not kwargs.get("raw") and type_of(sender) is not None:
        sync(instance)


def _announced(sender: type[models.Model], instance: models.Model, **kwargs: object) -> None:
    if type_of(sender) is not None:
        sync(instance)


def _deleted(sender: type[models.Model], instance: models.Model, **kwargs: object) -> None:
    # A bundled thing cannot get here: its row is protected, so the deletion itself was refused.
    item_type = type_of(sender)
    if item_type is not None and sender is item_type.model:
        Item.objects.filter(content_type=_content_type(instance), object_id=str(instance.pk)).delete()


def _drop_orphans() -> None:
    for item_type in item_types().values():
        known = {str(pk) for pk in item_type.queryset().values_list("pk", flat=True)}
        content_type = ContentType.objects.get_for_model(item_type.model, for_concrete_model=False)
        rows = Item.objects.filter(content_type=content_type, bundle_items__isnull=True)
        Item.objects.filter(pk__in=_missing(rows, known)).delete()


def _missing(rows: Iterable[Item], known: set[str]) -> list[int]:
    return [row.pk for row in rows if row.object_id not in known]
