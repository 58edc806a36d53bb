"""What happened with one person, newest first? Facts of many tables, put together by the database and read a page at a time."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import CharField, F, Model, Q, QuerySet, Value
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from wagtail.models import ModelLogEntry

from ... import history
from ...emails.catalogue import CATALOGUE
from ...emails.models import Email
from ...memberships.gift_offers import length_text
from ...money import Money, format_money
from ...punctuation import labelled, quoted
from ...subscriptions import deed_failures
from ...subscriptions.change_models import TierChange
from ...subscriptions.deed_models import Deed
from ...subscriptions.departure_models import Departure, StayOffer
from ...subscriptions.gift_models import Gift
from ...subscriptions.guest_models import GuestPurchase
from ...subscriptions.models import Checkout, Invoice, Subscription
from ...subscriptions.money_back_models import Dispute, Refund
from ...subscriptions.waiting_models import WaitingEntry
from ...subscriptions.withdrawal_models import Withdrawal
from . import names, timeline_lines
from .dates import day, minute
from .slices import Slice, slice_of
from .timeline_lines import Line

PER_PAGE = 25
#: Of the address.
PARAMETER = "facts"


@dataclass(frozen=True)
class Source:
    """A table, or one moment of its rows. ``needs`` is the permission without which it is not told, or only so far."""

    rows: Callable[[Model], QuerySet]
    at: str
    say: Callable[[Any, str], Line]
    related: tuple[str, ...] = ()
    needs: str = ""
    so_far: Callable[[Any, str], Line] | None = None

    def told_to(self, request: HttpRequest) -> "Source | None":
        """What the reader may see of it."""
        if not self.needs or request.user.has_perm(self.needs):
            return self
        return None if self.so_far is None else replace(self, say=self.so_far)


def facts_of(user: Model, request: HttpRequest, *, language: str) -> Slice:
    """One query for what happened on this page, and one for each table that it comes from."""
    told = {name: source for name, each in SOURCES.items() if (source := each.told_to(request)) is not None}
    first, *others = (_moments(name, source, user) for name, source in told.items())
    found = slice_of(
        first.union(*others, all=True).order_by("-at", "what", "-row"), request.GET, PARAMETER, size=PER_PAGE
    )
    return Slice(list(_lines(found.rows, told, user, language)), found.number, found.older, found.newer)


def _moments(name: str, source: Source, user: Model) -> QuerySet:
    rows = source.rows(user).filter(**{f"{source.at}__isnull": False}).order_by()
    rows = rows.annotate(at=F(source.at), what=Value(name, output_field=CharField()), row=F("pk"))
    return rows.values_list("at", "what", "row")


def _lines(
    found: Iterable[tuple[datetime, str, int]], told: Mapping[str, Source], user: Model, language: str
) -> Iterable[Line]:
    found = list(found)
    rows: dict[str, dict[int, Model]] = {}
    for name in {what for _at, what, _row in found}:
        source = told[name]
        wanted = source.rows(user).filter(pk__in=[row for _at, what, row in found if what == name])
        if source.related:
            wanted = wanted.select_related(*source.related)
        rows[name] = {each.pk: each for each in wanted}
    for at, what, row in found:
        # Gone between the two looks.
        if row in rows[what]:
            line = told[what].say(rows[what][row], language)
            yield Line(minute(at), line.text, line.detail, line.url)


def _began(row: Subscription, language: str) -> Line:
    return Line("", _("“%(title)s”: begun (%(origin)s)") % _named(row, origin=row.get_origin_display()), row.stripe_id)


def _opened(row: Subscription, language: str) -> Line:
    return Line("", _("“%(title)s”: opened") % _named(row))


def _ended(row: Subscription, language: str) -> Line:
    return Line("", _("“%(title)s”: ended") % _named(row), row.stripe_id)


def _closed(row: Subscription, language: str) -> Line:
    return Line("", _("“%(title)s”: access closed, as what was paid for it goes back") % _named(row), row.stripe_id)


def _checkout(row: Checkout, language: str) -> Line:
    return Line("", _("“%(title)s”: went to the payment page") % _named(row), row.get_state_display())


def _invoice(row: Invoice, language: str) -> Line:
    money = format_money(row.total_money, language)
    return Line("", _("“%(title)s”: invoice of %(money)s") % _named(row, money=money), row.number or row.stripe_id)


def _paid(row: Invoice, language: str) -> Line:
    money = format_money(Money(row.amount_paid, row.currency), language)
    return Line("", _("“%(title)s”: %(money)s paid") % _named(row, money=money), row.number or row.stripe_id)


def _email(row: Email, language: str) -> Line:
    entry = CATALOGUE.get(row.kind)  # type: ignore[call-overload]
    kind = str(entry.label) if entry else row.kind
    return Line("", _("E-mail: %(kind)s") % {"kind": kind}, f"{row.get_state_display()} {row.outcome}".strip())


def _change(row: TierChange, language: str) -> Line:
    return Line("", _("Change to “%(title)s”") % _named(row), row.get_state_display())


def _gave(row: Gift, language: str) -> Line:
    text = _("Paid for a gift: “%(title)s”, %(length)s") % _named(row, length=length_text(row.months))
    return Line("", text, row.get_state_display(), reverse("lms_memberships_gifts_show", args=[row.pk]))


def _redeemed(row: Gift, language: str) -> Line:
    text = _("Redeemed a gift: “%(title)s”, %(length)s") % _named(row, length=length_text(row.months))
    return Line("", text, "", reverse("lms_memberships_gifts_show", args=[row.pk]))


def _claimed(row: GuestPurchase, language: str) -> Line:
    return Line("", _("Claimed “%(title)s”, bought without an account") % _named(row), row.stripe_id)


def _deed(row: Deed, language: str) -> Line:
    who = row.by.get_username() if row.by else _("a deleted account")
    what = row.get_kind_display()
    if row.subscription is not None:
        what = labelled(quoted(row.subscription.membership.title), what)
    if row.until is not None:
        what = _("%(what)s until %(day)s") % {"what": what, "day": day(row.until)}
    return Line("", f"{what} ({who})", " · ".join(part for part in (row.reason, state_of_deed(row)) if part))


def state_of_deed(row: Deed) -> str:
    """Empty once it is done."""
    if row.settled_at is not None:
        return ""
    why = deed_failures.why(row)
    if deed_failures.is_refused(row):
        return _("refused: %(why)s") % {"why": why}
    return _("not done: %(why)s") % {"why": why or _("Stripe has not confirmed it yet")}


def _history(row: ModelLogEntry, language: str) -> Line:
    who = row.user.get_username() if row.user else ""
    return Line("", _("Account: %(what)s") % {"what": row.formatter.format_message(row)}, who)


def _named(row: Any, **more: str) -> dict[str, str]:
    return {"title": row.membership.title, **more}


def _again(row: ModelLogEntry, language: str) -> Line:
    return Line("", row.formatter.format_message(row), row.user.get_username() if row.user else "")


def _logged(user: Model) -> QuerySet:
    # Deeds have lines of their own here, and mails too.
    return _entries(user).exclude(action__in=[*history.DEEDS.values(), history.EMAIL_SENT_AGAIN])


def _sent_again(user: Model) -> QuerySet:
    return _entries(user).filter(action=history.EMAIL_SENT_AGAIN)


def _entries(user: Model) -> QuerySet[ModelLogEntry]:
    return ModelLogEntry.objects.filter(content_type=ContentType.objects.get_for_model(user), object_id=str(user.pk))


def _with_money(user: Model) -> QuerySet:
    """Stripe calls an invoice of nothing paid too, and one that only their balance paid (H7): no money came in."""
    return Invoice.objects.filter(user=user.pk, amount_paid__gt=0)


def _closed_by_refund(user: Model) -> QuerySet:
    """What staff have closed is told as their deed."""
    return Subscription.objects.filter(user=user.pk, is_revoked_by_refund=True)


def _of(model: type[Model], field: str = "user") -> Callable[[Model], QuerySet]:
    return lambda user: model._default_manager.filter(**{field: user.pk})


def _either(model: type[Model], *fields: str) -> Callable[[Model], QuerySet]:
    def of(user: Model) -> QuerySet:
        wanted = Q()
        for field in fields:
            wanted |= Q(**{field: user.pk})
        return model._default_manager.filter(wanted)

    return of


TITLED = ("membership",)
ITS_TITLE = ("subscription__membership",)
THEIR_MONEY = ("subscription__user", "invoice__user")
SOURCES: dict[str, Source] = {
    "began": Source(_of(Subscription), "started_at", _began, TITLED),
    "opened": Source(_of(Subscription), "opened_at", _opened, TITLED),
    "ended": Source(_of(Subscription), "ended_at", _ended, TITLED),
    "closed": Source(_closed_by_refund, "revoked_at", _closed, TITLED),
    "checkout": Source(_of(Checkout), "created_at", _checkout, TITLED),
    "invoice": Source(_of(Invoice), "created_at", _invoice, TITLED, names.SEE_INVOICES),
    "paid": Source(_with_money, "paid_at", _paid, TITLED, names.SEE_INVOICES),
    "email": Source(_of(Email), "owed_at", _email, (), names.SEE_EMAILS),
    "again": Source(_sent_again, "timestamp", _again, ("user", "content_type"), names.SEE_EMAILS),
    "change": Source(_of(TierChange), "created_at", _change, TITLED),
    "gave": Source(_of(Gift, "giver"), "paid_at", _gave, TITLED),
    "redeemed": Source(_of(Gift), "redeemed_at", _redeemed, TITLED),
    "claimed": Source(_of(GuestPurchase, "claimed_by"), "claimed_at", _claimed, TITLED),
    "deed": Source(_of(Deed), "done_at", _deed, ("by", "subscription__membership")),
    "left": Source(_of(Departure, "subscription__user"), "asked_at", timeline_lines.left, ITS_TITLE),
    "stayed": Source(_of(StayOffer, "subscription__user"), "answered_at", timeline_lines.stayed, (*ITS_TITLE, "code")),
    "withdrew": Source(
        _either(Withdrawal, "subscription__user", "gift__giver"),
        "declared_at",
        timeline_lines.withdrew,
        needs=names.SEE_INVOICES,
        so_far=timeline_lines.declared,
    ),
    "refunded": Source(
        _either(Refund, *THEIR_MONEY), "created_at", timeline_lines.refunded, ("author",), names.SEE_INVOICES
    ),
    "disputed": Source(_either(Dispute, *THEIR_MONEY), "created_at", timeline_lines.disputed, (), names.SEE_INVOICES),
    "waits": Source(_of(WaitingEntry), "asked_at", timeline_lines.waits, TITLED),
    "history": Source(_logged, "timestamp", _history, ("user", "content_type")),
}
