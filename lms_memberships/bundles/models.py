"""What can be bundled? The catalogue: one row for each course, live session, product or other item."""

import swapper
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils.translation import gettext_lazy as _
from wagtail.search import index

swapper.set_app_prefix("wagtailcore", "wagtail")


class Item(index.Indexed, models.Model):  # type: ignore[django-manager-missing]  # its key is a class of ours
    """A thing that can be sold inside a membership, whatever its own model is."""

    kind = models.CharField(_("kind"), max_length=40)
    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE, related_name="+")
    content_type.wagtail_reference_index_ignore = True  # type: ignore[attr-defined]  # Wagtail's own marker
    object_id = models.CharField(max_length=64)
    title = models.CharField(_("title"), max_length=255)
    url = models.CharField(_("address"), max_length=500, blank=True)
    #: Whether the thing itself is published; a draft course can be bundled, but is named as such.
    live = models.BooleanField(_("live"), default=True)
    #: Set for pages: everything below it is covered too.
    page = models.ForeignKey(
        swapper.get_model_name("wagtailcore", "Page"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
    )

    class Meta:
        verbose_name = _("item")
        verbose_name_plural = _("items")
        default_permissions = ("view",)
        ordering = ["kind", "title", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["content_type", "object_id"], name="lmsm_one_item_per_object"),
        ]
        indexes = [models.Index(fields=["kind", "title"], name="lmsm_items_by_kind")]

    search_fields = [index.AutocompleteField("title"), index.SearchField("title"), index.FilterField("kind")]

    def __str__(self) -> str:
        return self.title
