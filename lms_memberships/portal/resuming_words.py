"""How is the cost of going on after a pause said? What comes off, what is paid now, what is left over, and what then (X9, X14)."""

from django.utils.translation import gettext as _

from ..memberships.pricing import price_text
from ..money import format_money
from ..payments.switching import PreviewLine, PreviewSnapshot
from ..subscriptions import amounts
from ..subscriptions.models import Subscription
from ..subscriptions.pausing import Resumption
from . import quoting


def said(subscription: Subscription, found: Resumption | None, *, language: str) -> dict[str, object]:
    """For the template. ``found`` is None where Stripe has not said it."""
    price = price_text(subscription.money, subscription.interval, language)
    if found is None:
        return {"price": price, "is_free": False}
    price = quoting.price_said(price, is_taxed=found.is_taxed)
    price = amounts.less(quoting.lasting_said(price, found.lasting, language), is_reduced=found.is_reduced)
    preview = found.preview
    return {
        "price": price,
        "due": format_money(found.due, language),
        "is_free": not found.due.minor,
        "rows": _rows(preview, subscription, language) if preview is not None else (),
        "left": format_money(preview.left, language) if preview is not None and preview.left.minor else "",
    }


def _rows(preview: PreviewSnapshot, subscription: Subscription, language: str) -> tuple[tuple[str, str], ...]:
    """How the amount comes about; none where it is the price itself."""
    names = {"title": subscription.membership.title}
    lines = [(_label(line) % names, format_money(line.money, language)) for line in preview.lines]
    sums = quoting.sum_rows(preview, language)
    if preview.left.minor:
        sums += ((_("Left over for your next payments"), format_money(preview.left, language)),)
    return (*lines, *sums) if len(lines) + len(sums) > 2 else ()


def _label(line: PreviewLine) -> str:
    if not line.is_share:
        return _("%(title)s: a new period")
    return _("What was credited to you") if line.money.minor < 0 else _("What is still to be paid of before")
