"""Which subscriptions and invoices? Chainable questions, so that views hold none."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import models

from ..memberships.lapsing import OnLapse
from ..payments.gateway import Gateway, SubscriptionStatus
from . import tombstones

if TYPE_CHECKING:
    from ..payments.connect import Connection
    from .models import Checkout

#: Stripe charges these, or will try again.
BILLED = (SubscriptionStatus.TRIALING, SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE)
#: How it came to somebody who pays for it: what was given stands beside it, and neither ends the other (X2).
PAID_FOR = ("bought", "imported")
#: Bought by a debit that failed: Stripe may still call it so, although nothing ever began.
FAILED_AT_FIRST = (SubscriptionStatus.PAST_DUE, SubscriptionStatus.UNPAID)
#: The flag of one that is billed at a price which its membership does not have (S9).
UNKNOWN_PRICE = "unknown_price"
#: The flag of one that was paid when no place was left (J5): it opens nothing, and is cancelled and refunded.
NO_PLACE = "no_place"
#: The flag of one that the person holds twice since two accounts of theirs were merged (K11).
DOUBLE = "double"
#: A debit takes up to fourteen days; what is older and never came is not waited for.
LONGEST_DEBIT = timedelta(days=15)
#: States of a checkout on whose page somebody may still pay.
RUNNING = ("planned", "open")
#: A page takes money up to its last second, and the news of that takes a moment.
NEWS_TAKES = timedelta(minutes=2)
#: What Stripe gives a page of which nothing else was said.
PAGE_LIVES = timedelta(hours=24)


#: Bought, and nothing is charged for it any more.
FOR_GOOD = models.Q(is_recurring=False) | models.Q(paid_up_at__isnull=False)


def unbroken(now: datetime) -> models.Q:
    """Open now, and nothing about it is failing, disputed or unknown."""
    is_broken = models.Q(status=SubscriptionStatus.PAST_DUE) | models.Q(flag=UNKNOWN_PRICE)
    return models.Q(access_until__gt=now, suspended_at=None) & ~is_broken


class SubscriptionQuerySet(models.QuerySet):
    """Questions about what students hold."""

    def giving_access(self, now: datetime) -> "SubscriptionQuerySet":
        """Live at that moment. One indexed column, no status logic (design §5)."""
        return self.filter(access_until__gt=now)

    def of(self, user: models.Model) -> "SubscriptionQuerySet":
        return self.filter(user=user)

    def run_out(self, now: datetime) -> "SubscriptionQuerySet":
        """Closed by time alone, and nobody was told yet."""
        return self.filter(is_open_told=True).exclude(access_until__gt=now)

    def held(self, now: datetime) -> "SubscriptionQuerySet":
        """Billed at Stripe, or bought for good: a second one of the same membership would charge twice (C6).

        One that waits for a debit counts, although it opens nothing yet; one that Stripe has given up does not.
        """
        return (
            self.not_foreign()
            .filter(duplicate_of=None)
            .exclude(flag=NO_PLACE)
            .exclude(status=SubscriptionStatus.PAST_DUE, opened_at=None, origin="bought")
            .filter(
                models.Q(is_recurring=True, status__in=BILLED)
                | models.Q(is_recurring=False, access_until__gt=now)
                # Paid off: over at Stripe, and theirs (V10).
                | models.Q(paid_up_at__isnull=False, access_until__gt=now)
            )
        )

    def taking_a_place(self, now: datetime) -> "SubscriptionQuerySet":
        """Held, or still open until its end: whoever is in counts, however they came in (J7). So does whoever was in,
        where the membership keeps their place for them (V48), and whoever lets it rest.
        """
        return self.held(now) | self.giving_access(now) | self.keeping_a_place() | self.resting()

    def keeping_a_place(self) -> "SubscriptionQuerySet":
        """It was begun in a membership that keeps places; not for whom it was undone, withdrawn from, or is forgotten."""
        kept = self.filter(membership__on_lapse=OnLapse.KEEP, opened_at__isnull=False, undone_at=None, withdrawal=None)
        return kept.filter(tombstones.present("user__"), duplicate_of=None).exclude(flag=NO_PLACE)

    def resting(self) -> "SubscriptionQuerySet":
        """Paused after it was paid for: it will go on (X14). Not a trial that ran out without a card, and was paused."""
        paused = self.not_foreign().filter(status=SubscriptionStatus.PAUSED, opened_at__isnull=False, duplicate_of=None)
        return paused.exclude(flag=NO_PLACE).exclude(trial_end__gte=models.F("period_end"))

    def charged_on(self, now: datetime) -> "SubscriptionQuerySet":
        """Held, and Stripe takes money for it again, or tries to. What ends by itself takes no more."""
        rows = self.held(now).filter(is_recurring=True, status__in=BILLED, origin__in=PAID_FOR, paid_up_at=None)
        rows = rows.filter(revoked_at=None, cancel_at=None, void_from=None)
        return rows.exclude(status=SubscriptionStatus.TRIALING, has_card=False)

    def lasting(self, now: datetime) -> "SubscriptionQuerySet":
        """Paid for, open now, and as far as anybody knows after this period too: another may end beside it."""
        renews = models.Q(cancel_at=None, void_from=None) & ~models.Q(
            status=SubscriptionStatus.TRIALING, has_card=False
        )
        return self.held(now).filter(unbroken(now), renews | FOR_GOOD, origin__in=PAID_FOR, revoked_at=None)

    def to_be_undone(self) -> "SubscriptionQuerySet":
        """Bought a second time, or without a place, and not given back yet."""
        return self.filter(models.Q(duplicate_of__isnull=False) | models.Q(flag=NO_PLACE), undone_at=None)

    def never_begun(self) -> "SubscriptionQuerySet":
        """The first payment has failed, and Stripe could still be paid for it."""
        failed = models.Q(status__in=FAILED_AT_FIRST, opened_at=None, origin="bought")
        return self.filter(models.Q(status=SubscriptionStatus.INCOMPLETE) | failed)

    def not_foreign(self) -> "SubscriptionQuerySet":
        """Without those that carry our metadata on a price of something else, and never opened anything (S9)."""
        return self.exclude(flag=UNKNOWN_PRICE, opened_at=None)

    def at(self, gateway: "Gateway | Connection") -> "SubscriptionQuerySet":
        """In the account and mode that the gateway speaks to."""
        return self.filter(account=gateway.account_id, livemode=gateway.livemode)

    def count_people(self, memberships: Collection[models.Model], now: datetime) -> dict[int, int]:
        """For how many people each of these memberships is open at that moment. One query."""
        rows = self.giving_access(now).filter(membership__in=memberships).order_by()
        return dict(rows.values_list("membership").annotate(models.Count("user", distinct=True)))


class CheckoutQuerySet(models.QuerySet["Checkout"]):
    """Questions about attempts to buy."""

    def of(self, user: models.Model) -> "CheckoutQuerySet":
        return self.filter(user=user)

    def at(self, gateway: Gateway) -> "CheckoutQuerySet":
        """In the account and mode that the gateway speaks to."""
        return self.filter(account=gateway.account_id, livemode=gateway.livemode)

    def running(self) -> "CheckoutQuerySet":
        """Not over as far as we know: at most one for each person and membership."""
        return self.filter(state__in=RUNNING)

    def on_their_way(self, now: datetime) -> "CheckoutQuerySet":
        """Pressed through, and the money of a debit has not come: a second try would charge twice (C7)."""
        return self.filter(state="complete", subscription=None, created_at__gt=now - LONGEST_DEBIT)

    def taking_a_place(self, now: datetime) -> "CheckoutQuerySet":
        """Its page can still be paid, or it was and the money is on its way. Time alone releases it (J9)."""
        return self.filter(
            models.Q(state__in=RUNNING, expires_at__gt=now - NEWS_TAKES)
            | models.Q(state__in=RUNNING, expires_at=None, created_at__gt=now - PAGE_LIVES)
            | models.Q(state="complete", subscription=None, created_at__gt=now - LONGEST_DEBIT)
        )

    def locked(self) -> "Checkout | None":
        """The one that is left, for writing, with what is bought. The membership is locked by the same statement: its
        limit, read here, is the one that counts (J3). Rows that merely point to either can still be written.
        """
        rows = self.select_related("membership", "price")
        return rows.select_for_update(of=("self", "membership"), no_key=True).first()


class InvoiceQuerySet(models.QuerySet):
    """Questions about what was billed."""

    def of(self, user: models.Model) -> "InvoiceQuerySet":
        return self.filter(user=user)

    def at(self, gateway: "Gateway | Connection") -> "InvoiceQuerySet":
        """In the account and mode that the gateway speaks to."""
        return self.filter(account=gateway.account_id, livemode=gateway.livemode)
