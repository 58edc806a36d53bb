"""Which tiers are there, which one does this student hold, and what would the others add? The upsell page (V31, V50)."""

from dataclasses import dataclass, replace

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from .. import clock
from ..bundles.languages import in_language
from ..memberships import ladders
from ..memberships.ladder_models import Ladder
from ..memberships.models import Membership
from ..payments import connect
from ..subscriptions import tiers
from ..subscriptions.models import Subscription
from .standing import Standing


@dataclass(frozen=True)
class Around:
    """What a membership's own page says of the ladder that it is on."""

    ladder: Ladder
    #: Titles of the tiers that can be chosen from, the lowest first.
    titles: tuple[str, ...]
    #: Titles of those that it contains.
    contains: tuple[str, ...]
    url: str
    #: Another tier that the reader holds, and where it is changed to this one.
    held: Subscription | None
    change_url: str


@require_safe
@vary_on_headers("Accept-Language", "Cookie")
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """Open to everybody, as long as the ladder is on and something of it is sold."""
    ladder = get_object_or_404(Ladder, pk=pk, is_on=True)
    language = get_language() or settings.LANGUAGE_CODE
    found = tiers.upsell(ladder, request.user, connection=connect.current(), now=clock.now(), language=language)
    if found is None:
        raise Http404
    return render(request, "lms_memberships/portal/tiers_page.html", {"upsell": found})


def with_contained(cards: list[Standing], language: str | None) -> list[Standing]:
    """The same cards with what lower tiers add to what is open, wherever it is."""
    lower = ladders.contained_in_each({card.subscription.membership_id for card in cards})
    if not lower:
        return cards
    words = language or settings.LANGUAGE_CODE
    return [
        replace(card, items=tuple(in_language([*card.items, *lower.get(card.subscription.membership_id, [])], words)))
        for card in cards
    ]


def around(request: HttpRequest, membership: Membership) -> Around | None:
    """None: it is on no ladder that is on, or alone there."""
    ladder = ladders.ladder_of(membership)
    if ladder is None:
        return None
    on_sale = Membership.objects.on_sale(connect.current()).filter(tier__ladder=ladder.pk)
    titles = tuple(on_sale.order_by("tier__sort_order", "pk").values_list("title", flat=True))
    if len(titles) < 2:
        return None
    held = tiers.billed_other_tier(membership, request.user, now=clock.now())
    return Around(
        ladder=ladder,
        titles=titles,
        contains=tuple(tiers.contained_titles(membership)),
        url=tiers.page_url(ladder),
        held=held,
        change_url=tiers.change_url(held, membership) if held is not None else "",
    )
