"""Which memberships stand above and below another one? Ladders that are on; a higher tier contains the lower ones (V28)."""

from collections.abc import Iterable

from django.db import models
from django.db.models import F, Q

from ..bundles.models import Item
from .ladder_models import Ladder, Tier
from .models import BundleItem, Membership

#: Numbers of memberships, as a list or as a question.
Ids = Iterable[int] | models.QuerySet


def tiers_of(ladder: Ladder) -> models.QuerySet[Tier]:
    """The lowest first."""
    return Tier.objects.filter(ladder=ladder).select_related("membership").order_by("sort_order", "pk")


def ladder_of(membership: Membership) -> Ladder | None:
    """The one that it is a tier of, while that is on."""
    return Ladder.objects.filter(is_on=True, tiers__membership=membership.pk).first()


def below(memberships: Ids) -> models.QuerySet:
    """The numbers of those that these contain: what stands below one of them on a ladder that is on."""
    # One filter: several conditions about the other tiers are about one and the same of them only there.
    lower = Tier.objects.filter(
        ladder__is_on=True, ladder__tiers__membership__in=memberships, sort_order__lt=F("ladder__tiers__sort_order")
    )
    return lower.order_by().values("membership")


def above(memberships: Ids) -> models.QuerySet:
    """The numbers of those that contain one of these."""
    higher = Tier.objects.filter(
        ladder__is_on=True, ladder__tiers__membership__in=memberships, sort_order__gt=F("ladder__tiers__sort_order")
    )
    return higher.order_by().values("membership")


def and_below(memberships: Ids, *, name: str = "membership") -> Q:
    """For rows with a membership under ``name``: those of these, and of all that they contain."""
    return Q(**{f"{name}__in": memberships}) | Q(**{f"{name}__in": below(memberships)})


def and_above(memberships: Ids, *, name: str = "membership") -> Q:
    """For rows with a membership under ``name``: those of these, and of all that contain them."""
    return Q(**{f"{name}__in": memberships}) | Q(**{f"{name}__in": above(memberships)})


def items_of(membership: Membership) -> list[Item]:
    """All that it opens, each once: its own items first, then those of the tiers below it, the next one first."""
    own_first = models.Case(models.When(membership=membership.pk, then=0), default=1)
    rows = BundleItem.objects.filter(and_below([membership.pk]), _counts(membership.pk))
    rows = rows.select_related("item__page__locale")
    return list(dict.fromkeys(row.item for row in rows.order_by(own_first, *FROM_THE_NEXT_DOWN)))


def contained_in_each(memberships: Iterable[int]) -> dict[int, list[Item]]:
    """For many at once: what the tiers below each of them add to its own items. One query, two where there are tiers."""
    lower = Tier.objects.filter(
        ladder__is_on=True,
        ladder__tiers__membership__in=memberships,
        membership__first_published_at__isnull=False,
        sort_order__lt=F("ladder__tiers__sort_order"),
    )
    pairs = list(lower.order_by().values_list("ladder__tiers__membership", "membership"))
    if not pairs:
        return {}
    rows = BundleItem.objects.filter(membership__in={contained for _holder, contained in pairs})
    rows = rows.select_related("item__page__locale").order_by(*FROM_THE_NEXT_DOWN)
    found: dict[int, list[Item]] = {}
    for row in rows:
        for holder, contained in pairs:
            if contained == row.membership_id:
                found.setdefault(holder, []).append(row.item)
    return found


FROM_THE_NEXT_DOWN = ("-membership__tier__sort_order", "sort_order", "pk")


def _counts(membership_id: int) -> Q:
    """What was never published is nobody's, and so contained in nothing."""
    return Q(membership=membership_id) | Q(membership__first_published_at__isnull=False)
