"""Is the name really gone? Every column of every table of the database is searched for it (K8)."""

import io
import json
import uuid

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone
from wagtail.log_actions import log

from lms_memberships.history import PAYMENT_REFUNDED, SECOND_PURCHASE_UNDONE
from lms_memberships.models import Email, Intent, Invoice, Refund, Subscription, WebhookEvent
from lms_memberships.personal_data import forgetting
from lms_memberships.subscriptions import deeds, given_access, people_listing, tombstones
from lms_memberships.subscriptions.people_listing import Wanted
from tests.factories import UserFactory
from tests.personal_data.conftest import ADDRESS, NAME
from tests.personal_data.test_erasing import leave

pytestmark = pytest.mark.django_db


def where(*words: str) -> set[str]:
    """``table.column`` wherever one of the words stands, in any capitals, also inside JSON."""
    found = set()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            for column in connection.introspection.get_table_description(cursor, table):
                name = f"{connection.ops.quote_name(table)}.{connection.ops.quote_name(column.name)}"
                for word in words:
                    query = (
                        f"SELECT 1 FROM {connection.ops.quote_name(table)} WHERE LOWER(CAST({name} AS TEXT)) LIKE %s"  # noqa: S608 - names from the catalogue
                    )
                    cursor.execute(query, [f"%{word.lower()}%"])
                    if cursor.fetchone():
                        found.add(f"{table}.{column.name}")
    return found


@pytest.fixture
def traces(member, membership):
    """Where a name gets to in the life of a site."""
    EmailAddress.objects.create(user=member, email=ADDRESS, verified=True, primary=True)
    stripe_id = Subscription.objects.get().stripe_id
    log(membership, SECOND_PURCHASE_UNDONE, data={"student": ADDRESS, "subscription": stripe_id})
    log(member, "wagtail.edit")
    event = WebhookEvent.objects.first()
    WebhookEvent.objects.filter(pk=event.pk).update(error=f"ValueError: {ADDRESS.upper()} and {NAME}")
    Intent.objects.filter(purpose="checkout").update(
        failure=f"No such customer: {NAME}", parameters={"deep": [{"to": ADDRESS}]}
    )
    Email.objects.filter(recipient=ADDRESS).update(subject=f"Welcome, {NAME}", context={"student": NAME})
    return member


def test_after_the_erasure_no_table_holds_name_or_address(traces, browser):
    """K8: before, the search finds them in many places; after, in none. The facts of the invoice stand."""
    before = where(ADDRESS, NAME)
    assert {"auth_user.email", "lms_memberships_email.recipient", "lms_memberships_webhookevent.error"} <= before
    assert len(before) >= 8, before
    number = Invoice.objects.get().number
    leave(browser)
    assert where(ADDRESS, NAME) == set()
    invoice = Invoice.objects.get()
    assert (invoice.number, invoice.amount_paid) == (number, 1900)


def test_control_a_table_left_out_is_found(traces, browser, monkeypatch):
    """K8, negative control: the search finds what the sweep does not sweep."""
    monkeypatch.setattr(forgetting, "FREE_TEXTS", ())
    leave(browser)
    assert "lms_memberships_webhookevent.error" in where(ADDRESS, NAME)


@pytest.mark.parametrize("is_theirs", [True, False])
def test_the_history_of_a_refund_forgets_them(member, membership, browser, is_theirs):
    """K8: a user name that is anybody's word, in a line that names the refund alone."""
    get_user_model().objects.filter(pk=member.pk).update(username="clay")
    invoice = Invoice.objects.get(user=member, amount_paid__gt=0)
    refund = Refund.objects.create(
        account=invoice.account, livemode=invoice.livemode, payment_intent_id=invoice.payment_intent_id, invoice=invoice,
        subscription=invoice.subscription, amount=500, currency="eur", state="succeeded", stripe_id="re_1",
        created_at=invoice.created_at,
    )  # fmt: skip
    data = {"amount": "€5.00", "student": "clay", "refund": refund.pk}
    line = log(membership, PAYMENT_REFUNDED, data=data if is_theirs else data | {"refund": refund.pk + 1})
    member.refresh_from_db()
    leave(browser)
    line.refresh_from_db()
    assert (line.data["student"] != "clay") is is_theirs, "somebody else's line stays as it is"


@pytest.mark.parametrize("way", ["no address is left", "the address signs in", "the address is unique"])
def test_whoever_is_forgotten_is_known_as_such(member, browser, monkeypatch, way):
    """K7, P23: also where the address cannot be empty. In no list, and given nothing."""
    model = get_user_model()
    if way == "the address signs in":
        monkeypatch.setattr(model, "USERNAME_FIELD", "email")
    if way == "the address is unique":
        monkeypatch.setattr(model._meta.get_field("email"), "unique", True)
    other = UserFactory(username="erased-0", email="erased-0", is_active=False)
    Subscription.objects.create(
        user=other, membership=Subscription.objects.get().membership, started_at=timezone.now(), status="active"
    )
    assert not tombstones.is_forgotten(member)
    assert people_listing.count(Wanted(), now=timezone.now()) == 2
    with transaction.atomic():
        forgetting.forget(member.pk)
    member.refresh_from_db()
    assert bool(member.email) is (way != "no address is left")
    assert tombstones.is_forgotten(member)
    assert not tombstones.is_forgotten(other), "whoever is locked out only is somebody still"
    assert list(people_listing.people(Wanted(), now=timezone.now())) == [other]
    assert [row.user for row in people_listing.rows(Wanted(), now=timezone.now())] == [other]
    with pytest.raises(given_access.AccountIsGone):
        given_access.give(
            member.pk, Subscription.objects.first().membership, until=None,
            wish=deeds.Wish("Wish", uuid.uuid4(), None), now=timezone.now(),
        )  # fmt: skip


def test_others_keep_their_names(traces, browser):
    """Nobody else's row is touched, however alike."""
    other = UserFactory(username="adalind", email=f"x{ADDRESS}x", first_name="Ada", last_name="Lindgren")
    leave(browser)
    other.refresh_from_db()
    assert (other.username, other.get_full_name(), other.email) == ("adalind", "Ada Lindgren", f"x{ADDRESS}x")


def test_a_site_is_told_so_that_it_empties_its_own_tables(traces, browser):
    heard = []

    def listen(sender, user_id, identifiers, **kwargs):
        heard.append((user_id, identifiers))

    forgetting.forgotten.connect(listen)
    try:
        leave(browser)
    finally:
        forgetting.forgotten.disconnect(listen)
    assert heard == [(traces.pk, [ADDRESS, NAME])]


def test_the_export_holds_all_of_one_person_and_nothing_of_another(traces, client_for, membership, tmp_path):
    """K8: subscriptions, invoices, checkouts, customers, mails, deliveries, history; no password."""
    UserFactory(username="other", email="other@school.test")
    target = tmp_path / "ada.json"
    call_command("memberships_export", "student", "--output", str(target), stdout=io.StringIO())
    found = json.loads(target.read_text())
    assert found["person"]["email"] == ADDRESS
    assert "password" not in found["person"]
    for table in ("customers", "subscriptions", "checkouts", "invoices", "emails", "history", "requests_to_stripe"):
        assert found[table], table
    assert "other@school.test" not in target.read_text()
    assert target.stat().st_mode & 0o077 == 0


def test_the_account_page_leads_there(member, browser):
    page = browser.get(reverse("lms_memberships:account")).content.decode()
    assert reverse("lms_memberships:leave") in page
