"""Does an e-mail hold what only members may see? Every kind, in both languages, text and HTML (T15)."""

from datetime import timedelta

import pytest
from django.db import connection

from lms_memberships.emails import rendering
from lms_memberships.emails.catalogue import EmailKind
from lms_memberships.emails.models import Email
from lms_memberships.models import GuestPurchase, Invoice, Price, Withdrawal
from tests.access import school
from tests.emails.conftest import DISPUTES, REFUNDS, give, said_of, take_back, told_of_another_price, withdrawn_from
from tests.factories import UserFactory
from tests.leaks.planting import MARK

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="read once, on the database of production"),
]


@pytest.fixture
def mails(garden, now):
    """Everything that a member of Gold is ever sent, as it leaves."""
    person = UserFactory()
    subscription = school.subscribe(person, garden.gold, until=now + timedelta(days=1), period_end=now, currency="eur")
    invoice = Invoice.objects.create(
        stripe_id="in_leak",
        account=subscription.account,
        subscription=subscription,
        user=person,
        membership=garden.gold,
        status="paid",
        currency="eur",
        total=1900,
        amount_paid=1900,
        amount_due=1900,
        created_at=now,
        read_started_at=now,
    )

    GuestPurchase.objects.create(
        membership=garden.gold,
        price=Price.objects.create(
            membership=garden.gold, amount=1900, currency="eur", interval="month", created_at=now
        ),
        state="parked",
        email=person.email,
        created_at=now,
    )

    told_of_another_price(subscription, now)
    give(subscription, is_returned=False)

    withdrawn_from(subscription)
    for kind in (*REFUNDS, *DISPUTES):
        take_back(subscription, kind)

    def one(kind: EmailKind, language: str) -> str:
        about["context"] = said_of(kind)
        email = Email(pk=1, kind=kind.value, recipient=person.email, language=language, owed_at=now, **about)
        built = rendering.message_for(email, now=now)
        return "\n".join([built.subject, built.body, *(content for content, _type in built.alternatives)])

    about = {"membership": garden.gold, "user": person, "subscription": subscription, "invoice": invoice}

    def written() -> dict[str, str]:
        return {f"{kind} {language}": one(kind, language) for kind in EmailKind for language in ("en", "fr")}

    return written


def test_no_email_holds_what_members_pay_for(mails):
    """T15: no body, description, file or join link of anything in the membership."""
    written = mails()
    assert len(written) == 2 * len(EmailKind)
    assert {name for name, mail in written.items() if MARK in mail} == set()


def test_a_mark_in_an_email_would_be_found(mails, garden):
    """Negative control: in the title of the membership, which every kind names."""
    garden.gold.title = f"{MARK}-title"
    type(garden.gold).objects.filter(pk=garden.gold.pk).update(title=garden.gold.title)
    # What somebody has withdrawn from is named as it was called then.
    Withdrawal.objects.update(title=garden.gold.title)
    assert {name for name, mail in mails().items() if MARK not in mail} == set()
