"""What do the e-mail tests share? A subscription with an invoice, and every e-mail switched on."""

from datetime import timedelta

import pytest
from django.utils import timezone

from lms_memberships.emails import switches
from lms_memberships.models import Invoice, Subscription


@pytest.fixture
def subscription(membership, student):
    now = timezone.now()
    return Subscription.objects.create(
        user=student,
        membership=membership,
        status="active",
        stripe_id="sub_1",
        account="acct_sandbox",
        amount=1900,
        currency="eur",
        interval="month",
        started_at=now,
        opened_at=now,
        period_end=now + timedelta(days=30),
        access_until=now + timedelta(days=37),
    )


@pytest.fixture
def invoice(subscription):
    now = timezone.now()
    return Invoice.objects.create(
        stripe_id="in_1",
        account="acct_sandbox",
        subscription=subscription,
        user=subscription.user,
        membership=subscription.membership,
        status="paid",
        currency="eur",
        total=1900,
        amount_paid=1900,
        amount_due=1900,
        created_at=now,
        read_started_at=now,
    )


@pytest.fixture
def all_on(db):
    switches.switch_all_on()
