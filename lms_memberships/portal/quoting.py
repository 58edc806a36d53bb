"""How is the cost of a change said? What is paid today, next and then, from Stripe's own preview (X9, H7)."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from ..memberships.ladder_models import When
from ..memberships.pricing import price_text
from ..money import Money, format_money
from ..payments.switching import PreviewLine, PreviewSnapshot, RunningDiscount
from ..subscriptions.models import Subscription
from ..subscriptions.quotes import Quote
from .dates import day, day_of
from .tier_words import name_of


@dataclass(frozen=True)
class ShownQuote:
    """``rows``: how today's amount comes about; empty where nothing is reckoned."""

    rows: tuple[tuple[str, str], ...]
    sentences: tuple[str, ...]
    button: str


def said(subscription: Subscription, quote: Quote, *, language: str) -> ShownQuote:
    """In the reader's words. ``subscription`` is what they hold now."""
    price = Money(quote.price.amount * quote.request.quantity, quote.price.currency)
    names = {
        "old": subscription.membership.title,
        "new": name_of(quote.price, subscription, language),
        "date": day_of(quote.next_at, language),
        "next": format_money(quote.next.due, language),
        "price": lasting_said(
            price_said(price_text(price, quote.price.interval, language), is_taxed=bool(quote.next.tax_added.minor)),
            quote.lasting,
            language,
        ),
    }
    if quote.today is None:
        return ShownQuote((), (_nothing_today(subscription, quote) % names,), _button(quote) % names)
    today = quote.today
    names |= {
        "due": format_money(today.due, language),
        "credit": format_money(_positive(today.total), language),
        # Before any credit: today's change may use it up, or give some.
        "next": format_money(quote.next.total, language),
    }
    return ShownQuote(_rows(today, names, language), _sentences(today, names), _button(quote) % names)


def price_said(price: str, *, is_taxed: bool) -> str:
    """A price without the tax that comes on top, beside amounts that contain it, says so (X16)."""
    return _("%(price)s plus tax") % {"price": price} if is_taxed else price


def lasting_said(price: str, discount: RunningDiscount | None, language: str) -> str:
    """What is paid after the next payment, where a discount outlasts that one (X9)."""
    if discount is None:
        return price
    if discount.ends_at is None:
        return _("%(price)s, less your discount as long as it lasts") % {"price": price}
    words = {"price": price, "date": day(discount.ends_at, language)}
    return _("%(price)s, less your discount for payments before %(date)s") % words


def _nothing_today(subscription: Subscription, quote: Quote) -> str:
    if quote.when == When.PERIOD_END:
        return _(
            "Nothing is charged today. You keep %(old)s until %(date)s. Then it becomes %(new)s: you pay %(next)s, "
            "and after that %(price)s."
        )
    if not subscription.has_card:
        return _("Nothing is charged. Your free trial goes on until %(date)s, with %(new)s. Access then closes.")
    return _(
        "Nothing is charged today. Your free trial goes on until %(date)s, with %(new)s. Then you pay %(next)s, and "
        "after that %(price)s."
    )


def _rows(today: PreviewSnapshot, names: dict[str, str], language: str) -> tuple[tuple[str, str], ...]:
    lines = [(_label(line) % names, format_money(line.money, language)) for line in today.lines]
    return (*lines, *sum_rows(today, language))


def sum_rows(today: PreviewSnapshot, language: str) -> tuple[tuple[str, str], ...]:
    """What comes between the lines and the amount that is paid, and that."""
    rows = []
    if today.discount.minor:
        rows.append((_("Discount"), format_money(Money(-today.discount.minor, today.discount.currency), language)))
    if today.tax_added.minor:
        rows.append((_("Tax"), format_money(today.tax_added, language)))
    if today.balance.minor:
        rows.append((_("From your credit"), format_money(today.balance, language)))
    rows.append((_("To pay today"), format_money(today.due, language)))
    return tuple(rows)


def _label(line: PreviewLine) -> str:
    if line.money.minor < 0:
        return _("%(old)s: what you do not use any more")
    return _("%(new)s: the rest of this period") if line.is_share else _("%(new)s: until %(date)s")


def _sentences(today: PreviewSnapshot, names: dict[str, str]) -> tuple[str, ...]:
    if today.total.minor < 0:
        return (
            _("Nothing is charged today. %(credit)s is credited to you, and taken off your next payments.") % names,
            _("Next payment on %(date)s: %(next)s, less your credit. After that %(price)s.") % names,
        )
    return (
        _("You pay %(due)s today.") % names,
        _("Next payment on %(date)s: %(next)s. After that %(price)s.") % names,
    )


def _button(quote: Quote) -> str:
    if quote.when == When.PERIOD_END:
        return _("Change to %(new)s on %(date)s")
    if quote.today is None or not quote.today.due.minor:
        return _("Change to %(new)s now")
    return _("Change to %(new)s and pay %(due)s")


def _positive(money: Money) -> Money:
    return Money(abs(money.minor), money.currency)
