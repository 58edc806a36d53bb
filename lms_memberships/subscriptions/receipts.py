"""Where do Stripe's receipts go when somebody has a new address? To it, once they have proven it, and not before (K3).

The site knows when that is: it calls ``email_changed`` from whatever verifies addresses.
"""

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from .. import clock
from ..payments import customers
from ..payments.models import Customer
from .models import Subscription
from .queries import BILLED
from .tasks import tell_emails


def email_changed(user: AbstractBaseUser) -> None:
    """This person's address is another one, and proven: Stripe is told after commit, once for each of their customers.

    Safe inside a transaction, and safe to call twice. Never call it for an address that nobody has proven: Stripe would
    send somebody's invoices there.
    """
    own = Customer.objects.filter(user_id=user.pk).values_list("account", "livemode", "stripe_id")
    # What was bought before there was an account has a customer of its own (K2).
    billed = Subscription.objects.filter(user_id=user.pk, status__in=BILLED).exclude(customer_id="")
    held = billed.order_by().values_list("account", "livemode", "customer_id")
    with transaction.atomic():
        for customer in sorted({*own, *held}):
            customers.note_email(user, customer, now=clock.wall_time())
        transaction.on_commit(tell_emails.enqueue, robust=True)
