"""How does the timeline of a person say what they, their bank or the till did about leaving and money that went back?"""

from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from ...money import format_money
from ...subscriptions.departure_models import Departure, StayOffer
from ...subscriptions.money_back_models import Dispute, Refund
from ...subscriptions.waiting_models import WaitingEntry
from ...subscriptions.withdrawal_models import Withdrawal


@dataclass(frozen=True)
class Line:
    """One fact: when, what, and what else is to be said of it."""

    at: str
    text: str
    detail: str = ""
    url: str = ""


def left(row: Departure, language: str) -> Line:
    title = row.subscription.membership.title
    text = _("“%(title)s”: cancelled by the person, %(way)s") % {"title": title, "way": row.get_way_display()}
    state = "" if row.state == Departure.State.DONE else row.get_state_display()
    reason = row.get_feedback_display() if row.feedback else ""
    return Line("", text, " · ".join(part for part in (reason, row.comment, state) if part))


def stayed(row: StayOffer, language: str) -> Line:
    title = row.subscription.membership.title
    if row.is_taken:
        return Line("", _("“%(title)s”: stayed with the discount that was offered") % {"title": title}, row.code.code)
    return Line("", _("“%(title)s”: did not take the discount that was offered") % {"title": title}, row.code.code)


def declared(row: Withdrawal, language: str) -> Line:
    """For whoever may not see money."""
    return Line("", _("“%(title)s”: withdrew from the contract") % {"title": row.title})


def withdrew(row: Withdrawal, language: str) -> Line:
    is_back = row.done_at is not None
    money = format_money(row.money, language) if row.amount else ""
    detail = money if is_back or not money else _("%(money)s, not given back yet") % {"money": money}
    return replace(declared(row, language), detail=detail)


def refunded(row: Refund, language: str) -> Line:
    text = _("Given back: %(money)s") % {"money": format_money(row.money, language)}
    who = row.author.get_username() if row.author else ""
    return Line("", text, " · ".join(part for part in (row.get_state_display(), who, row.reason) if part))


def disputed(row: Dispute, language: str) -> Line:
    text = _("Disputed at the bank: %(money)s") % {"money": format_money(row.money, language)}
    return Line("", text, row.get_status_display())


def waits(row: WaitingEntry, language: str) -> Line:
    return Line("", _("“%(title)s”: waits for a free place") % {"title": row.membership.title})
