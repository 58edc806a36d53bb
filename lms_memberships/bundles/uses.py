"""Which rows of the catalogue would a deletion take with it? For a page, all that stands below it too (G16)."""

import swapper
from django.db import models

from .catalogue import item_for
from .models import Item


def items_within(thing: models.Model) -> models.QuerySet[Item]:
    """The thing's own row and, of a page, those of every page below."""
    if isinstance(thing, swapper.load_model("wagtailcore", "Page")):
        return Item.objects.filter(page__path__startswith=thing.path)
    item = item_for(thing)
    return Item.objects.filter(pk=item.pk) if item else Item.objects.none()
