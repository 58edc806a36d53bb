"""How does a bundled thing learn that a membership holds it? A foreign key that Wagtail's usage page can follow."""

from collections.abc import Iterator

from django.contrib.contenttypes.models import ContentType
from django.db import models


class ItemForeignKey(models.ForeignKey):
    """To the catalogue, but the reference index is told of the thing behind it as well (wagtail.md §3.4)."""

    def extract_references(self, value: object) -> Iterator[tuple]:
        """Yield the catalogue row and its target: (model, id, path in the model, path in the content)."""
        if value is None:
            return
        item_model = self.remote_field.model
        yield item_model, str(value), "", ""
        for kind, object_id in item_model._default_manager.filter(pk=value).values_list("content_type", "object_id"):
            target = ContentType.objects.get_for_id(kind).model_class()
            # A thing whose app was removed has no model any more: the index would crash on it.
            if target is not None:
                yield target, object_id, "target", "target"
