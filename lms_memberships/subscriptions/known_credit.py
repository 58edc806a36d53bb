"""Has somebody who buys a credit at Stripe, which its page takes off? As far as our copies of their invoices say (X9)."""

from dataclasses import dataclass
from typing import cast

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import BigIntegerField, Case, Count, F, Q, Sum, Value, When
from django.db.models.functions import Least

from ..money import Money
from ..payments.connect import Connection
from ..payments.models import Customer, Intent
from . import billing, kept_credit, taking_credit
from .models import Invoice, Subscription

#: What an invoice has put on the balance: its negative sum; or, negative, what it took off it.
PUT_ON = Case(
    When(total__lt=0, then=-F("total")),
    default=Least(F("amount_due") - F("total"), Value(0)),
    output_field=BigIntegerField(),
)


@dataclass(frozen=True)
class Credit:
    """``money`` is None where nobody can say without asking Stripe whether there is one, or how much."""

    money: Money | None


def of(user: AbstractBaseUser, currency: str, *, connection: Connection) -> Credit | None:
    """None: as far as our copies say there is none. At most two queries."""
    customers = Customer.objects.filter(user_id=user.pk, account=connection.account_id, livemode=connection.livemode)
    mine = Invoice.objects.at(connection).filter(
        user_id=user.pk, currency=currency, subscription__customer_id__in=customers.values("stripe_id")
    )
    final = ~Q(status__in=[billing.DRAFT, billing.VOID])
    found = mine.order_by().aggregate(count=Count("pk"), left=Sum(PUT_ON, filter=final))
    if not found["count"]:
        return None
    left = cast("int", found["left"] or 0)
    if left < 0 or _was_moved(user, connection):
        return Credit(None)
    return Credit(Money(left, currency)) if left else None


def _was_moved(user: AbstractBaseUser, connection: Connection) -> bool:
    """Whether we have put something on the balance ourselves, or taken it off, which stands on no invoice."""
    theirs = Subscription.objects.of(user).exclude(stripe_id="").values_list("stripe_id", flat=True)
    moved = Q(purpose=taking_credit.PURPOSE, subject__in=theirs)
    # An entry for an invoice: its intent has the invoice's name.
    invoices = Invoice.objects.at(connection).filter(user_id=user.pk).values("stripe_id")
    moved |= Q(purpose=kept_credit.FREED, subject__in=invoices)
    return Intent.objects.filter(moved, account=connection.account_id, livemode=connection.livemode).exists()
