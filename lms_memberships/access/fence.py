"""What keeps members' pages out of search, sitemap and API? Wagtail's own restriction to a group that nobody is in.

The fence stands from the first publication of a membership until its item is taken out of every
membership that was ever published. The door (gate.py) opens it for one request.
"""

import swapper
from django.contrib.auth.models import Group
from django.db import models, transaction
from django.db.models import Q
from wagtail.models import Collection, CollectionViewRestriction, PageViewRestriction

from ..bundles.models import Item
from ..memberships.kept_models import KeptItem
from ..memberships.models import BundleItem, Membership
from .targets import page_model, paths_down_to
from .words import PageOrAlias

#: Around what memberships contain. Fixed names: they are how the groups are found again.
FENCE = "Memberships: members only (nobody belongs here)"
#: Around what left that: copies, and pages that were moved out. Unknown means closed until somebody opens it.
STRAY = "Memberships: copied or moved out (nobody belongs here)"
GROUP_NAMES = (FENCE, STRAY)

swapper.set_app_prefix("wagtailcore", "wagtail")


def refresh_for(membership: Membership) -> None:
    """Called when a version of it was published: fence what it contains, let go of what left every bundle."""
    refresh()


def refresh() -> None:
    """Make the fences what they should be. May be called at any time, any number of times."""
    with transaction.atomic():
        wanted = set(_pages_to_fence().values_list("pk", flat=True))
        standing = set(_restrictions(FENCE).values_list("page_id", flat=True))
        _raise_around(wanted - standing, FENCE)
        _restrictions(FENCE).filter(page_id__in=standing - wanted).delete()


def missing() -> models.QuerySet:
    """Pages that must carry a fence and have none: something wrote to the tables past us (S34)."""
    standing = _restrictions(FENCE).order_by().values("page_id")
    return _pages_to_fence().exclude(pk__in=standing).order_by("path")


def fence_collection(collection: Collection) -> None:
    """Close a collection of files and those below it: what no open members' page shows is for editors alone."""
    with transaction.atomic():
        group, _created = Group.objects.get_or_create(name=FENCE)
        row, _created = CollectionViewRestriction.objects.get_or_create(
            collection=collection, restriction_type=CollectionViewRestriction.GROUPS
        )
        row.groups.add(group)


def strays() -> models.QuerySet:
    """Copies, and pages that were moved out: closed to everybody but editors until somebody opens them."""
    return page_model().objects.filter(pk__in=_restrictions(STRAY).order_by().values("page_id")).order_by("path")


def fence(item: Item) -> None:
    """Close one item's page and its translations and aliases everywhere."""
    if item.page_id:
        refresh()


def unfence(item: Item) -> None:
    """Open its page again, unless a membership that was ever published still contains it."""
    if item.page_id:
        refresh()


def close_stray(page: PageOrAlias) -> None:
    """Close a page that holds members' content outside of every bundle."""
    with transaction.atomic():
        if not _restrictions(STRAY).filter(page_id=page.pk).exists():
            _raise_around({page.pk}, STRAY)


def raise_around(page: PageOrAlias) -> None:
    """Put the fence around one page that must have it, if it does not stand."""
    with transaction.atomic():
        if not has_own_fence(page):
            _raise_around({page.pk}, FENCE)


def has_own_fence(page: PageOrAlias) -> bool:
    return _restrictions(FENCE).filter(page_id=page.pk).exists()


def turn_into_stray(page: PageOrAlias) -> None:
    """It carries the fence, but no membership holds it any more, nor lets go of it by itself."""
    with transaction.atomic():
        close_stray(page)
        _restrictions(FENCE).filter(page_id=page.pk).delete()


def let_in_stray(page: PageOrAlias) -> None:
    """It came into a bundled section, which covers it: its own fence is no longer needed."""
    _restrictions(STRAY).filter(page_id=page.pk).delete()


def is_covered(page: PageOrAlias) -> bool:
    """Whether the page, one above it, or what it is a translation of, is in a membership ever published."""
    above = page_model().objects.filter(path__in=list(paths_down_to(page.path))).order_by()
    return bundled_pages().filter(translation_key__in=above.values("translation_key")).exists()


def should_stand_around(page_id: int) -> bool:
    """Whether a page must carry a fence of its own."""
    return _pages_to_fence().filter(pk=page_id).exists()


def is_fenced(page: PageOrAlias) -> bool:
    """Whether one of our fences closes the page, here or above."""
    return page.get_view_restrictions().filter(groups__name__in=GROUP_NAMES).exists()


def bundled_pages() -> models.QuerySet:
    """The pages that memberships ever published contain."""
    sold = {"membership__first_published_at__isnull": False, "item__page__isnull": False}
    rows = BundleItem.objects.filter(**sold).order_by().values("item__page")
    # What was taken out, but is kept by some, stays closed for the others.
    kept = KeptItem.objects.filter(**sold).order_by().values("item__page")
    return page_model().objects.filter(Q(pk__in=rows) | Q(pk__in=kept))


def _pages_to_fence() -> models.QuerySet:
    pages = page_model().objects
    # Translations share the key. Aliases need a row of their own: Wagtail's public() does not look at their source.
    keys = bundled_pages().order_by().values("translation_key")
    return pages.filter(Q(translation_key__in=keys) | Q(pk__in=_aliases_of_covered_pages())).order_by()


def _aliases_of_covered_pages() -> set[int]:
    """Aliases, and aliases of those, of pages inside a bundled section that show them somewhere else."""
    aliases = list(page_model().objects.filter(alias_of__isnull=False).values_list("pk", "path", "alias_of__path"))
    if not aliases:
        return set()
    keys = bundled_pages().order_by().values("translation_key")
    covered = set(page_model().objects.filter(translation_key__in=keys).values_list("path", flat=True))
    found: set[int] = set()
    while True:
        new = {
            (pk, path)
            for pk, path, source in aliases
            if pk not in found
            and not covered.isdisjoint(paths_down_to(source))
            and covered.isdisjoint(paths_down_to(path))
        }
        if not new:
            return found
        found |= {pk for pk, _path in new}
        covered |= {path for _pk, path in new}


def _restrictions(group_name: str) -> models.QuerySet:
    return PageViewRestriction.objects.filter(restriction_type=PageViewRestriction.GROUPS, groups__name=group_name)


def _raise_around(page_ids: set[int], group_name: str) -> None:
    # Rows, not save(): a bundle of a thousand pages is a handful of queries, and other restrictions stay as they are.
    if not page_ids:
        return
    group, _created = Group.objects.get_or_create(name=group_name)
    rows = PageViewRestriction.objects.bulk_create(
        PageViewRestriction(page_id=page_id, restriction_type=PageViewRestriction.GROUPS)
        for page_id in sorted(page_ids)
    )
    through = PageViewRestriction.groups.through
    through.objects.bulk_create(through(pageviewrestriction_id=row.pk, group=group) for row in rows)
