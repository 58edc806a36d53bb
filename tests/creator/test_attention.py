"""What needs attention is listed with the money involved, and one click resolves it (X8, X24, G7, G9, G12, G14)."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from wagtail.models import ModelLogEntry

from lms_memberships.access import decide
from lms_memberships.history import ATTENTION_SETTLED, DOUBLE_RESOLVED
from lms_memberships.management.jobs import JOBS
from lms_memberships.models import Dispute, Invoice, Membership, Price, Refund, Stranger, Subscription
from lms_memberships.money import Money
from lms_memberships.payments.customers import customer_for
from lms_memberships.sandbox.faults import Fault
from lms_memberships.subscriptions import attention, billing, settling, settling_attention
from tests.creator.crowds import holds
from tests.emails.conftest import park
from tests.factories import MembershipFactory, UserFactory, allow, publish, put_into
from tests.flows import desk as person_desk
from tests.flows.backwards import bought, charge_of, compared, past_stripe
from tests.flows.desk import key_on
from tests.flows.steps import text

pytestmark = pytest.mark.django_db

LIST = "lms_memberships_attention"


@pytest.fixture
def desk(client_for):
    person = allow(UserFactory(username="helper"), "refund_invoice", "end_subscription", "link_subscription")
    return client_for(person)


@pytest.fixture
def silver(gateway, live_session) -> Membership:
    return publish(put_into(MembershipFactory(title="Silver", price_amount=900), live_session), gateway=gateway)


@pytest.fixture
def twice(client_for, student, membership, silver, gateway, postman) -> tuple[Subscription, Subscription]:
    """Two memberships, of which the second was moved to the first one's price in Stripe's dashboard."""
    first = bought(client_for(student), membership, postman)
    second = bought(client_for(student), silver, postman)
    gateway.move_price(
        second.stripe_id, old=silver.prices.get().stripe_id, new=membership.prices.get().stripe_id, key="by hand"
    )
    postman.deliver()
    second.refresh_from_db()
    return first, second


def shown(desk, kind: str) -> str:
    return text(desk.get(reverse(LIST), {"kind": kind}).content.decode())


def counted(clock) -> dict[str, int]:
    return {kind: number for kind, number in attention.counts(now=clock.now).items() if number}


def test_nothing_is_one_query_and_says_so(desk, db, django_assert_num_queries, clock):
    """X8: the panel on Wagtail's front page asks once."""
    with django_assert_num_queries(1):
        assert attention.counts(now=clock.now) == {kind.value: 0 for kind in attention.Kind}
    assert "Nothing needs attention" in text(desk.get(reverse(LIST)).content.decode())


def test_a_double_is_listed_and_its_second_undone(desk, twice, student, live_session, sandbox, postman, clock):
    """X8, G14: made elsewhere; shown with the money, cancelled and refunded by one click. Access stays open."""
    first, second = twice
    assert counted(clock) == {"doubles": 1}
    assert second.stripe_id in shown(desk, "doubles")
    url = reverse("lms_memberships_attention_double", args=[second.pk])
    assert "€9.00" in text(desk.get(url).content.decode())
    assert Refund.objects.count() == 0, "looking changes nothing"
    desk.post(url)
    desk.post(url)
    postman.deliver()
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, second.status) == ("active", "canceled")
    assert [each["amount"] for each in sandbox.store.all("refund", account=sandbox.account_id)] == [900]
    assert Refund.objects.get().author.username == "helper"
    assert decide(student, live_session, now=clock.now).allowed
    assert counted(clock) == {}


def test_what_staff_have_revoked_meanwhile_is_no_double(desk, client_for, twice, student, sandbox, postman):
    """X8, G14: one has the page open, another revokes the second and gives nothing back. Nobody says that money went."""
    _first, second = twice
    url = reverse("lms_memberships_attention_double", args=[second.pk])
    assert "€9.00" in text(desk.get(url).content.decode())
    person_desk.press(client_for(person_desk.helper()), "revoke", student, second.pk)
    said = text(desk.post(url, follow=True).content.decode())
    assert "does not pay for this membership twice" in said
    assert "on its way back" not in said
    assert not ModelLogEntry.objects.filter(action=DOUBLE_RESOLVED).exists()
    assert sandbox.store.all("refund", account=sandbox.account_id) == []


def test_a_double_whose_money_waits_stands_in_the_history(desk, twice, sandbox, clock):
    """X8, X24: written with the decision, and once: the job that finishes it writes no line."""
    _first, second = twice
    url = reverse("lms_memberships_attention_double", args=[second.pk])
    sandbox.faults.plan(Fault("status", "POST /v1/credit_notes", status=503, count=2))
    assert "Stripe could not be reached" in text(desk.post(url, follow=True).content.decode())
    sandbox.faults.clear()
    JOBS["money_back"].do(clock.now)
    assert "on its way back" in text(desk.post(url, follow=True).content.decode())
    line = ModelLogEntry.objects.get(action=DOUBLE_RESOLVED)
    assert (line.user.username, line.data["subscription"]) == ("helper", second.stripe_id)


def test_a_double_whose_money_stripe_refuses_is_never_called_given_back(desk, twice, sandbox, clock):
    """X8: cancelled it is; the money is a line of its own in the list."""
    _first, second = twice
    url = reverse("lms_memberships_attention_double", args=[second.pk])
    sandbox.faults.plan(Fault("status", "POST /v1/credit_notes", status=400, code="x"))
    desk.post(url)
    assert "not all that was paid for it went back" in text(desk.post(url, follow=True).content.decode())
    second.refresh_from_db()
    assert second.status == "canceled"
    assert counted(clock) == {"refunds": 1}


def test_a_double_that_was_paid_past_stripe_is_for_a_person_to_give_back(desk, twice, sandbox, gateway, clock):
    """X8, X13: cancelled it is; nothing went back, nobody says that it did, and it is a line of its own in the list."""
    _first, second = twice
    past_stripe(sandbox)
    invoice = second.invoices.get()
    settling_attention.read_invoice_again(invoice, gateway=gateway, now=clock.now)
    url = reverse("lms_memberships_attention_double", args=[second.pk])
    for _press in range(2):
        assert "not all that was paid for it went back" in text(desk.post(url, follow=True).content.decode())
    second.refresh_from_db()
    assert second.status == "canceled"
    noted = Refund.objects.get()
    assert (noted.invoice, noted.amount, noted.failure) == (invoice, 900, "paid_past_stripe")


def test_a_dispute_that_stripe_does_not_show_says_so_once(desk, client_for, student, membership, sandbox, postman):
    """X8: the failure names Stripe itself."""
    held = bought(client_for(student), membership, postman)
    sandbox.actions.open_dispute(charge_of(sandbox, held))
    postman.deliver()
    sandbox.faults.plan(Fault("status", "GET /v1/disputes/*", status=400, code="x", count=0))
    url = reverse("lms_memberships_attention_dispute", args=[Dispute.objects.get().pk])
    told = text(desk.post(url, follow=True).content.decode())
    assert told.count("Stripe says:") == 1


def test_a_first_cannot_be_undone_as_a_second(desk, twice, sandbox):
    """X8"""
    first, _second = twice
    answer = desk.post(reverse("lms_memberships_attention_double", args=[first.pk]), follow=True)
    assert "does not pay for this membership twice" in text(answer.content.decode())
    assert sandbox.store.all("refund", account=sandbox.account_id) == []


def test_an_unknown_price_is_chosen_or_left(desk, client_for, student, membership, gateway, postman, clock):
    """G12, S9: moved in Stripe to a price that no membership has; then somebody says whose it is."""
    held = bought(client_for(student), membership, postman)
    mine = membership.prices.get()
    product = gateway.client.v1.products.create({"name": "Old offer"})
    odd = gateway.client.v1.prices.create(
        {"product": product.id, "currency": "eur", "unit_amount": 700, "recurring": {"interval": "month"}}
    )
    gateway.move_price(held.stripe_id, old=mine.stripe_id, new=odd.id, key="by hand")
    postman.deliver()
    assert counted(clock) == {"prices": 1}
    url = reverse("lms_memberships_attention_price", args=[held.pk])
    assert membership.title in text(desk.get(url).content.decode())
    desk.post(url, {"membership": str(membership.pk)})
    held.refresh_from_db()
    assert (held.flag, held.price.stripe_id, held.price.is_adopted) == ("", odd.id, True)
    assert Price.objects.filter(membership=membership).count() == 2
    assert counted(clock) == {}
    Subscription.objects.update(flag="unknown_price")
    desk.post(reverse("lms_memberships_attention_price_left", args=[held.pk]))
    assert counted(clock) == {}


def test_what_has_opened_nothing_is_not_opened_by_another_ones_price(
    desk, client_for, student, membership, silver, gateway, postman, clock
):
    """G12, S9: bought as one, and moved in Stripe to a price of another before it opened. Nothing is said to be done."""
    held = bought(client_for(student), membership, postman)
    cheap, own = silver.prices.get().stripe_id, membership.prices.get().stripe_id
    Subscription.objects.update(opened_at=None, access_until=None)
    gateway.move_price(held.stripe_id, old=own, new=cheap, key="by hand")
    postman.deliver()
    assert counted(clock) == {"prices": 1}
    url = reverse("lms_memberships_attention_price", args=[held.pk])
    page = desk.get(url).content.decode()
    assert ("Silver" in page, membership.title in page) == (False, True)
    for choice in (silver, membership):
        said = text(desk.post(url, {"membership": str(choice.pk)}, follow=True).content.decode())
        assert "does not open it. Move it in Stripe" in said
        assert "The price is known now" not in said
    held.refresh_from_db()
    assert (held.flag, held.opened_at, Price.objects.count()) == ("unknown_price", None, 2)
    gateway.move_price(held.stripe_id, old=cheap, new=own, key="back")
    postman.deliver()
    held.refresh_from_db()
    assert (held.flag, held.opened_at is None, counted(clock)) == ("", False, {})


def test_what_was_never_ours_waits_and_opens_nothing(desk, student, membership, live_session, gateway, postman, clock):
    """N3: made by hand in Stripe on our product; listed, and left as it is."""
    made = gateway.client.v1.subscriptions.create(
        {
            "customer": customer_for(student, gateway=gateway, language="en"),
            "items": [{"price": membership.prices.get().stripe_id}],
            "payment_behavior": "default_incomplete",
            "trial_period_days": 5,
        }
    )
    postman.deliver()
    assert not decide(student, live_session, now=clock.now).allowed
    assert Stranger.objects.get().stripe_id == made.id
    assert counted(clock) == {"strangers": 1}
    assert made.id in shown(desk, "strangers")
    desk.post(reverse("lms_memberships_attention_stranger_left", args=[Stranger.objects.get().pk]))
    compared()
    assert counted(clock) == {}


def test_made_in_stripe_beside_what_they_hold_it_says_that_they_are_charged_twice(
    client_for, student, membership, gateway, postman, clock
):
    """X8, N3: by hand, for a person who is known here and pays already. Whose it is, and where to end it, stands there."""
    held = bought(client_for(student), membership, postman)
    terms = {"items": [{"price": membership.prices.get().stripe_id}], "trial_period_days": 5}
    made = gateway.client.v1.subscriptions.create({"customer": held.customer_id, **terms})
    elsewhere = gateway.client.v1.customers.create({"email": "ada@school.test"}).id
    other = gateway.client.v1.subscriptions.create({"customer": elsewhere, **terms})
    postman.deliver()
    assert counted(clock) == {"strangers": 2}
    beside, single = attention.of_kind(attention.Kind.STRANGERS, now=clock.now)
    assert [(each.stripe_id, each.is_beside) for each in (beside, single)] == [(made.id, True), (other.id, False)]
    helper = client_for(allow(UserFactory(), "link_subscription", "view_subscription"))
    page = helper.get(reverse(LIST), {"kind": "strangers"}).content.decode()
    row = text(page[page.index(student.username) : page.index(elsewhere)])
    assert f"by this one a second time: {made.id}" in row
    assert f"https://dashboard.stripe.com/test/subscriptions/{made.id}" in page
    assert reverse("lms_memberships_person", args=[student.pk]) in page
    # Linking it would be refused: nobody is led there.
    links = [f'"{reverse("lms_memberships_attention_stranger", args=[each.pk])}"' in page for each in (beside, single)]
    assert links == [False, True]
    assert page.count("a second time") == 1
    gateway.client.v1.subscriptions.cancel(made.id)
    postman.deliver()
    assert counted(clock) == {"strangers": 1}


def test_what_was_never_ours_is_linked_from_its_row(client_for, student, membership, gateway, postman, clock):
    """X8: from the row to the account that is chosen, with the id filled in; another can be searched for."""
    customer = gateway.client.v1.customers.create({"email": student.email, "name": "Ada L"}).id
    made = gateway.client.v1.subscriptions.create(
        {
            "customer": customer,
            "items": [{"price": membership.prices.get().stripe_id}],
            "payment_behavior": "default_incomplete",
            "trial_period_days": 5,
        }
    )
    postman.deliver()
    other = UserFactory(username="somebody-else")
    url = reverse("lms_memberships_attention_stranger", args=[Stranger.objects.get().pk])
    only_links = client_for(allow(UserFactory(), "link_subscription"))
    assert f'"{url}"' not in only_links.get(reverse(LIST), {"kind": "strangers"}).content.decode()
    desk = client_for(allow(UserFactory(), "link_subscription", "view_subscription"))
    assert f'"{url}"' in desk.get(reverse(LIST), {"kind": "strangers"}).content.decode()
    there = f"{reverse('lms_memberships_person_link', args=[student.pk])}?subscription={made.id}"
    assert there in desk.get(url).content.decode(), "the address at Stripe is proposed"
    searched = desk.get(url, {"q": "somebody"}).content.decode()
    assert f"{reverse('lms_memberships_person_link', args=[other.pk])}?subscription={made.id}" in searched
    assert there not in searched
    assert not Subscription.objects.exists(), "looking links nothing"
    page = desk.get(there).content.decode()
    desk.post(there.partition("?")[0], {"subscription": made.id, "reason": "Sold by hand", "key": key_on(page)})
    assert Subscription.objects.get().user == student
    assert counted(clock) == {}


def test_disputes_and_failed_refunds_are_listed(desk, client_for, student, membership, sandbox, postman, clock):
    """G7, G9"""
    held = bought(client_for(student), membership, postman)
    charge = charge_of(sandbox, held)
    made = sandbox.actions.refund_charge(charge, amount=500)
    sandbox.actions.fail_refund(made["id"])
    opened = sandbox.actions.open_dispute(charge)
    postman.deliver()
    assert counted(clock) == {"disputes": 1, "refunds": 1}
    assert (
        "https://dashboard.stripe.com/test/disputes/" in desk.get(reverse(LIST), {"kind": "disputes"}).content.decode()
    )
    sandbox.actions.change_dispute(opened["id"], "won")
    desk.post(reverse("lms_memberships_attention_dispute", args=[Dispute.objects.get().pk]))
    desk.post(reverse("lms_memberships_attention_refund_done", args=[Refund.objects.get().pk]))
    assert counted(clock) == {}
    held.refresh_from_db()
    assert held.is_live(clock.now)


def test_what_was_given_back_again_is_off_the_list(desk, client_for, student, membership, sandbox, postman, clock):
    """G9, X8: the next helper would give it back once more. Less than what failed leaves it there."""
    charge = charge_of(sandbox, bought(client_for(student), membership, postman))
    sandbox.actions.fail_refund(sandbox.actions.refund_charge(charge, amount=500)["id"])
    postman.deliver()
    sandbox.actions.refund_charge(charge, amount=400)
    postman.deliver()
    assert counted(clock) == {"refunds": 1}
    sandbox.actions.refund_charge(charge, amount=500)
    postman.deliver()
    assert counted(clock) == {}
    assert Refund.objects.get(state="failed").dealt_with_at is not None


def test_invoices_that_stripe_does_not_have_or_that_do_not_add_up(
    desk, client_for, student, membership, gateway, postman, clock
):
    """H5, H11: one missing here, one doubled here, one whose sums are odd."""
    held = bought(client_for(student), membership, postman)
    real = held.invoices.get()
    Invoice.objects.create(
        stripe_id="in_double", account=real.account, livemode=real.livemode, user=student, membership=membership,
        subscription=held, status="paid", currency="eur", total=1900, amount_paid=1900, amount_due=1900,
        created_at=real.created_at, read_started_at=real.read_started_at,
    )  # fmt: skip
    missing = real.stripe_id
    real.delete()
    compared_fully()
    assert Invoice.objects.filter(stripe_id=missing).exists(), "what was missing is here again"
    assert counted(clock) == {"invoices": 1}
    assert "Stripe does not know it" in shown(desk, "invoices")
    Invoice.objects.filter(stripe_id=missing).update(doubt="sums")
    assert counted(clock) == {"invoices": 2}
    desk.post(reverse("lms_memberships_attention_invoice", args=[Invoice.objects.get(stripe_id=missing).pk]))
    assert counted(clock) == {"invoices": 1}


def compared_fully() -> None:
    try:
        call_command("memberships_sync", "--all", verbosity=0)
    except CommandError:
        return


def test_the_list_asks_as_often_however_long_it_is(desk, twice, membership, gateway, clock):
    """X8: constant in queries."""
    first, _second = twice
    desk.get(reverse(LIST))
    asked = []
    for number in range(30):
        Dispute.objects.create(
            account=first.account, livemode=first.livemode, stripe_id=f"du_{number}", subscription=first,
            membership=membership, amount=100, currency="eur", status="open", said="needs_response",
            created_at=clock.now, read_started_at=clock.now,
        )  # fmt: skip
        if number in (1, 29):
            with CaptureQueriesContext(connection) as queries:
                page = desk.get(reverse(LIST), {"kind": "disputes"})
            asked.append(len(queries))
    assert asked[0] == asked[1]
    assert "Page 1 of 2" in text(page.content.decode())


def test_the_money_of_a_double_is_what_did_not_go_back_yet(twice, gateway, sandbox, postman):
    """X8"""
    _first, second = twice
    charges = sandbox.store.all("charge", account=sandbox.account_id)
    silver = next(each["id"] for each in charges if each["amount"] == 900)
    sandbox.actions.refund_charge(silver, amount=400)
    postman.deliver()
    assert settling_attention.money_of(second).minor == 500


def test_guests_who_never_came_are_counted(membership, clock):
    """X8: after three days."""
    guest = park(membership)
    assert counted(clock) == {}
    guest.paid_at = clock.now - timedelta(days=4)
    guest.save()
    assert counted(clock) == {"guests": 1}


def test_a_guests_address_is_for_those_who_see_guests(desk, client_for, membership, clock):
    """X24: who may end subscriptions, or see people, may not see who bought without an account."""
    guest = park(membership)
    guest.paid_at = clock.now - timedelta(days=4)
    guest.save()
    for browser in (desk, client_for(allow(UserFactory(username="clerk"), "view_subscription"))):
        page = shown(browser, "guests")
        assert membership.title in page
        assert guest.email not in page
        assert "Look at it" not in page
    seeing = client_for(allow(UserFactory(username="host"), "view_subscription", "view_guestpurchase"))
    assert guest.email in shown(seeing, "guests")
    assert "Look at it" in shown(seeing, "guests")


def test_a_doubtful_invoice_is_left_as_it_is(desk, client_for, student, membership, gateway, postman, clock):
    """H5, H11, X24: one line in the history; read again with the same doubt it stays off the list, right again it is right."""
    real = bought(client_for(student), membership, postman).invoices.get()
    Invoice.objects.filter(pk=real.pk).update(doubt="sums")
    url = reverse("lms_memberships_attention_invoice_left", args=[real.pk])
    assert url in desk.get(reverse(LIST), {"kind": "invoices"}).content.decode()
    desk.post(url)
    desk.post(url)
    assert counted(clock) == {}
    assert ModelLogEntry.objects.filter(action=ATTENTION_SETTLED, data__what=real.stripe_id).count() == 1
    found = gateway.read_invoice(real.stripe_id)
    odd = replace(found, subtotal=Money(1, "eur"), read_started_at=clock.now + timedelta(minutes=1))
    assert not odd.adds_up
    billing.record_invoice(odd, gateway=gateway, now=clock.now)
    assert counted(clock) == {}, "the same doubt"
    again = replace(found, read_started_at=clock.now + timedelta(minutes=2))
    billing.record_invoice(again, gateway=gateway, now=clock.now)
    assert Invoice.objects.get(pk=real.pk).doubt == ""
    odd = replace(odd, read_started_at=clock.now + timedelta(minutes=3))
    billing.record_invoice(odd, gateway=gateway, now=clock.now)
    assert counted(clock) == {"invoices": 1}, "a new doubt"
    assert desk.get(url).status_code == 405


def test_one_that_stripe_does_not_have_stays_left(desk, student, membership, gateway, clock):
    """H11: pressed on a page that was open before, "Read it again" does not bring it back onto the list."""
    row = Invoice.objects.create(
        stripe_id="in_gone", account=gateway.account_id, livemode=gateway.livemode, user=student, membership=membership,
        status="paid", currency="eur", total=1900, amount_paid=1900, amount_due=1900, created_at=clock.now,
        read_started_at=clock.now, doubt="absent",
    )  # fmt: skip
    desk.post(reverse("lms_memberships_attention_invoice_left", args=[row.pk]))
    answer = desk.post(reverse("lms_memberships_attention_invoice", args=[row.pk]), follow=True)
    assert "It is still doubtful" in text(answer.content.decode())
    assert counted(clock) == {}


def test_what_a_refund_has_closed_was_never_resolved_as_a_double(desk, twice, sandbox, postman, settings):
    """X8, G9: one has the page open, another gives all of the second back in Stripe, which closes it. Nothing is claimed."""
    settings.LMS_MEMBERSHIPS_ON_FULL_REFUND = "close"
    _first, second = twice
    charges = sandbox.store.all("charge", account=sandbox.account_id)
    sandbox.actions.refund_charge(next(each["id"] for each in charges if each["amount"] == 900), amount=900)
    postman.deliver()
    second.refresh_from_db()
    assert (second.is_revoked_by_refund, second.status) == (True, "canceled")
    url = reverse("lms_memberships_attention_double", args=[second.pk])
    said = text(desk.post(url, follow=True).content.decode())
    assert "does not pay for this membership twice" in said
    assert "on its way back" not in said
    assert "failed refunds" not in said
    assert not ModelLogEntry.objects.filter(action=DOUBLE_RESOLVED).exists()


def test_a_double_without_any_payment_is_resolved_twice_over(desk, student, membership, gateway, clock, sandbox):
    """X8: nothing was paid, so nothing goes back; pressed twice it is once done."""
    second = free_second(student, membership, clock)
    url = reverse("lms_memberships_attention_double", args=[second.pk])
    sandbox.faults.plan(Fault("status", "DELETE /v1/subscriptions/*", status=503, count=2))
    for _ in range(2):
        assert "Stripe says" in text(desk.post(url, follow=True).content.decode())
    assert ModelLogEntry.objects.filter(action=DOUBLE_RESOLVED).count() == 1


def free_second(student, membership, clock) -> Subscription:
    holds(student, membership, stripe_id="sub_first")
    return holds(student, membership, stripe_id="sub_second")


def test_a_double_that_was_left_is_news_once_its_account_is_read_again(desk, twice, gateway, clock):
    """X8, G14: left while another key was in use. Now a click can undo it."""
    second = twice[1]
    Subscription.objects.update(account="acct_before")
    desk.post(reverse("lms_memberships_attention_double_left", args=[second.pk]))
    assert counted(clock) == {}
    Subscription.objects.update(account=gateway.account_id)
    settling.follow_subscription(second.stripe_id, gateway=gateway, now=clock.now)
    assert counted(clock) == {"doubles": 1}


def test_a_dispute_that_was_left_is_news_once_it_is_read_again(
    desk, client_for, student, membership, live_session, gateway, sandbox, postman, clock
):
    """X8, G7"""
    publish(put_into(membership, live_session), gateway=gateway)
    held = bought(client_for(student), membership, postman)
    sandbox.actions.open_dispute(charge_of(sandbox, held))
    postman.deliver()
    Dispute.objects.update(account="acct_before")
    desk.post(reverse("lms_memberships_attention_dispute_left", args=[Dispute.objects.get().pk]))
    assert counted(clock) == {}
    assert Dispute.objects.running().count() == 1, "it keeps closed what it closed"
    Dispute.objects.update(account=gateway.account_id)
    desk.post(reverse("lms_memberships_attention_dispute", args=[Dispute.objects.get().pk]))
    assert counted(clock) == {"disputes": 1}
