"""How does a creator put memberships in order, and take that back? What people pay is never touched here (V37, V49)."""

from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _
from modelcluster.models import get_all_child_relations

from .. import events
from ..safe_html import render_markdown
from . import ladder_rules
from .ladder_models import Ladder, Tier
from .ladder_rules import NoLadder
from .models import Membership

#: What a copy of a membership does not take over: who it is, where it stands, and what was promised for it alone.
OWN = frozenset(
    {
        "id",
        "uuid",
        "slug",
        "title",
        "created_at",
        "max_members",
        "stripe_price_id",
        "live",
        "has_unpublished_changes",
        "first_published_at",
        "last_published_at",
        "live_revision",
        "latest_revision",
        "go_live_at",
        "expire_at",
        "expired",
        "locked",
        "locked_at",
        "locked_by",
    }
)


def save(ladder: Ladder, memberships: Sequence[Membership], *, now: datetime) -> Ladder:
    """The ladder with these tiers, the lowest first, at once for everybody. Raises NoLadder."""
    problems = ladder_rules.problems(memberships, is_on=ladder.is_on, ladder=ladder if ladder.pk else None)
    if problems:
        raise NoLadder(problems)
    render(ladder)
    try:
        with transaction.atomic():
            ladder.save()
            _put_in_order(ladder, memberships)
            _tell(ladder.pk, now)
    except IntegrityError as taken:
        raise NoLadder([_("One of these memberships has become a tier of another ladder meanwhile.")]) from taken
    return ladder


def render(ladder: Ladder) -> None:
    """The text of its page, clean: a page view must not wait for that."""
    rendered = render_markdown(ladder.upsell_text)
    ladder.upsell_html, ladder.upsell_version = rendered.html, rendered.version


def switch(ladder: Ladder, *, on: bool, now: datetime) -> None:
    """Off: its memberships stand alone, and open nothing of each other's (V49). Raises NoLadder."""
    if on:
        memberships = Membership.objects.filter(tier__ladder=ladder.pk).prefetch_related("price_options")
        problems = ladder_rules.problems(list(memberships), is_on=True, ladder=ladder)
        if problems:
            raise NoLadder(problems)
    with transaction.atomic():
        ladder.is_on = on
        ladder.save(update_fields=["is_on"])
        _tell(ladder.pk, now)


def delete(ladder: Ladder, *, now: datetime) -> None:
    """Only the order is gone: the memberships and everybody's subscriptions stay as they are."""
    with transaction.atomic():
        pk = ladder.pk
        ladder.delete()
        _tell(pk, now)


def begin_with(membership: Membership, *, user: models.Model, now: datetime) -> tuple[Ladder, Membership]:
    """One membership becomes two tiers: itself, and above it a draft that is copied from it (V37). Raises NoLadder."""
    with transaction.atomic():
        higher = _copy(membership, user)
        ladder = save(Ladder(title=membership.title[:120]), [membership, higher], now=now)
    return ladder, higher


def _put_in_order(ladder: Ladder, memberships: Sequence[Membership]) -> None:
    known = {tier.membership_id: tier for tier in Tier.objects.filter(ladder=ladder.pk)}
    for place, membership in enumerate(memberships):
        tier = known.pop(membership.pk, None) or Tier(ladder=ladder, membership=membership)
        if tier.pk is None or tier.sort_order != place:
            tier.sort_order = place
            tier.save()
    for tier in known.values():
        tier.delete()


def _tell(ladder_id: int, now: datetime) -> None:
    events.publish(events.LadderChanged(ladder_id, changed_at=int(now.timestamp() * 1_000_000)))


def _copy(membership: Membership, user: models.Model) -> Membership:
    source = membership if membership.live else membership.get_latest_revision_as_object()
    copied = [field for field in Membership._meta.concrete_fields if field.name not in OWN]
    values = {field.attname: getattr(source, field.attname) for field in copied}
    title = _("%(title)s Plus") % {"title": source.title[:110]}
    higher = Membership(**values, title=title, live=False)
    for relation in get_all_child_relations(Membership):
        name = relation.get_accessor_name()
        getattr(higher, name).set([_child(row) for row in getattr(source, name).all()])
    higher.save()
    higher.save_revision(user=user)
    return higher


def _child(row: models.Model) -> models.Model:
    left_out = {"id", "membership", "stripe_price_id"}
    copied = [field for field in row._meta.concrete_fields if field.name not in left_out]
    return type(row)(**{field.attname: getattr(row, field.attname) for field in copied})
