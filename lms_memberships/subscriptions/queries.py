"""Which subscriptions and invoices? Chainable questions, so that views hold none."""

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models

from ..payments.gateway import Gateway, SubscriptionStatus

if TYPE_CHECKING:
    from .models import Checkout

#: Stripe charges these, or will try again.
BILLED = (SubscriptionStatus.TRIALING, SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE)
#: States of a checkout on whose page somebody may still pay.
RUNNING = ("planned", "open")


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
        return self.filter(duplicate_of=None).filter(
            models.Q(is_recurring=True, status__in=BILLED) | models.Q(is_recurring=False, access_until__gt=now)
        )

    def at(self, gateway: Gateway) -> "SubscriptionQuerySet":
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

    def locked(self) -> "Checkout | None":
        """The one that is left, for writing, with what is bought."""
        return self.select_related("membership", "price").select_for_update(of=("self",)).first()


class InvoiceQuerySet(models.QuerySet):
    """Questions about what was billed."""

    def of(self, user: models.Model) -> "InvoiceQuerySet":
        return self.filter(user=user)
