"""On which pages is a subscription cancelled, kept after all, ended at once, or closed by staff (P23, P24, P25)?"""

from typing import Any

from django.db.models import F
from django.utils.decorators import method_decorator
from django.utils.functional import cached_property
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from ...asking import asks_stripe
from ...errors import OutsideFailure, Refusal
from ...money import Money, format_money
from ...payments import connect
from ...payments.gateway import SubscriptionStatus
from ...subscriptions import billing, changes, contracts, departures, disputed, ending, revoking, tier_changes
from ...subscriptions.change_models import TierChange
from ...subscriptions.deeds import Wish
from ...subscriptions.models import Subscription
from ...subscriptions.queries import BILLED
from ...subscriptions.told import OVER
from . import names
from .acting import ActOnHeld
from .dates import day


@method_decorator(asks_stripe("POST"), name="post")
class EndingPage(ActOnHeld):
    needs = names.END

    def facts(self) -> list[tuple[object, object]]:
        """The money: what is paid, and what is not."""
        return [
            *super().facts(),
            (gettext_lazy("Costs"), self.price),
            (gettext_lazy("Paid until"), day(self.held.period_end) if self.held.status in BILLED[:2] else ""),
            (gettext_lazy("Not paid"), ", ".join(self.unpaid)),
        ]

    @property
    def unpaid(self) -> list[str]:
        """What is open still: of ended subscriptions Stripe collects nothing by itself (G20). Less what was paid of it."""
        language = get_language() or "en"
        rows = self.held.invoices.filter(status__in=[billing.OPEN, billing.DRAFT], amount_due__gt=F("amount_paid"))
        if self.has_waiting_change:
            # Of a change that waits: it is not owed, and voided where the subscription is cancelled.
            rows = rows.exclude(billing_reason=billing.CHANGE)
        return [
            f"{format_money(Money(row.amount_due - row.amount_paid, row.currency), language)} ({row})"
            for row in rows.order_by("created_at", "pk")[:10]
        ]

    @cached_property
    def has_waiting_change(self) -> bool:
        change = tier_changes.running_of(self.held)
        return change is not None and change.state == TierChange.State.WAITING

    def about_change(self) -> list[object]:
        if not self.has_waiting_change:
            return []
        return [_("The change that waits for their payment is dropped, and nobody can pay for it any more.")]

    def about_unpaid(self) -> list[object]:
        if not self.unpaid:
            return []
        return [_("What is not paid stays open at Stripe, which collects it no more; they can still pay it.")]

    def about_credit(self) -> list[object]:
        """Of one that rests: what its pause has put aside is theirs already."""
        if self.held.status != SubscriptionStatus.PAUSED:
            return []
        if contracts.is_money_back(self.held):
            return [
                _(
                    "What was paid for it went back, or was disputed at the bank: nothing that its pause has credited to "
                    "them is kept. A payment to continue that waits for them is called off."
                )
            ]
        return [
            _(
                "What its pause has credited to them goes to their balance at Stripe, and is taken off what they pay next "
                "for memberships that renew. A payment to continue that waits for them is called off."
            )
        ]


def _is_at_stripe(row: Subscription) -> bool:
    return row.is_recurring and bool(row.stripe_id)


class CancelPage(EndingPage):
    page_title = gettext_lazy("Cancel at the period's end")
    button = gettext_lazy("Cancel this subscription")

    def lead(self) -> list[object]:
        if self.held.status == SubscriptionStatus.PAUSED:
            return [
                _("It is paused, so there is no paid period to wait for: it ends now."),
                *self.about_credit(),
                *self.about_unpaid(),
            ]
        if self.held.status in changes.WITHOUT_PAID_TIME:
            return [
                _("A payment is missing, so there is no paid period to wait for: it ends now."),
                *self.about_unpaid(),
            ]
        # While a trial runs this is its end; Stripe keeps ``trial_end`` for good.
        until = {"day": day(self.held.period_end)}
        return [
            _("It ends on %(day)s and stays open until then. Nothing more is charged, nothing given back.") % until,
            *self.about_change(),
        ]

    def why_not(self) -> str:
        if self.held.cancel_at is not None or self.held.status in OVER:
            return _("It is cancelled already.")
        return "" if _is_at_stripe(self.held) else _("It does not renew: there is nothing to cancel.")

    def act(self, form: Any, wish: Wish) -> str:
        ending.cancel(self.held, wish=wish, gateway=connect.get_gateway(), now=self.now)
        return _("Cancelled: nothing more is charged.")


class KeepPage(EndingPage):
    page_title = gettext_lazy("Take the cancellation back")
    button = gettext_lazy("Let it go on")

    def lead(self) -> list[object]:
        words = {"price": self.price, "day": day(self.held.period_end)}
        return [_("It goes on: the next payment of %(price)s is due on %(day)s.") % words]

    def why_not(self) -> str:
        is_asked = self.held.cancel_at is not None or departures.running_of(self.held) is not None
        can_go_on = self.held.status in BILLED and is_asked and self.held.revoked_at is None
        if not can_go_on:
            return str(changes.NothingToResume.message)
        if disputed.is_lost(self.held):
            return _("The bank decided for whoever paid, and the money went back: it cannot be taken up again.")
        return str(changes.Disputed.message) if self.held.suspended_at is not None else ""

    def act(self, form: Any, wish: Wish) -> str:
        ending.keep(self.held, wish=wish, gateway=connect.get_gateway(), now=self.now)
        return _("It goes on.")


class EndPage(EndingPage):
    page_title = gettext_lazy("Cancel at once")
    button = gettext_lazy("Cancel at once")
    is_serious = True

    def lead(self) -> list[object]:
        return [
            _("It ends now, and access with it. The rest of what is paid for is lost; nothing is given back by this."),
            *self.about_credit(),
            *self.about_change(),
            *self.about_unpaid(),
        ]

    def why_not(self) -> str:
        if self.held.status in OVER:
            return _("It is over already.")
        return "" if _is_at_stripe(self.held) else _("Nothing at Stripe stands for it: revoke the access instead.")

    def act(self, form: Any, wish: Wish) -> str:
        ending.end_now(self.held, wish=wish, gateway=connect.get_gateway(), now=self.now)
        return _("It has ended.")


class RevokePage(EndingPage):
    """Closed first, whatever becomes of Stripe."""

    page_title = gettext_lazy("Revoke access")
    button = gettext_lazy("Revoke access now")
    is_serious = True

    def lead(self) -> list[object]:
        found: list[object] = [_("Access closes now, also while Stripe cannot be reached. Their progress is kept.")]
        if _is_at_stripe(self.held):
            found.append(_("The subscription is ended at Stripe; nothing is given back by this."))
        found.extend(self.about_credit())
        if self.unpaid:
            found.append(_("What is not paid is voided: nobody is asked for it any more."))
        return found

    def why_not(self) -> str:
        return "" if revoking.can_revoke(self.held, self.now) else str(revoking.NothingToRevoke.message)

    def act(self, form: Any, wish: Wish) -> str:
        deed = revoking.revoke(self.held, wish=wish, now=self.now)
        if deed.settled_at is None:
            try:
                revoking.carry_out(deed, gateway=connect.get_gateway(), now=self.now)
            except (Refusal, OutsideFailure) as no:
                return _("Access is closed. Ending it at Stripe is tried again by itself: %(why)s") % {
                    "why": no.message
                }
        return _("Access is closed, and nothing more is charged.")
