"""What does somebody read who has it already, in whatever way: how it opens again, and no offer to pay for it twice (X8, C6)?"""

from datetime import timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from lms_memberships.memberships import ladder_making
from lms_memberships.models import Checkout, Ladder, Subscription
from lms_memberships.subscriptions import holding
from tests import hosted
from tests.access import school
from tests.factories import MembershipFactory, publish, put_into
from tests.flows.backwards import charge_of
from tests.flows.steps import buy, press_join, text

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


class Reader:
    """One student, and the pages on which a membership is offered to them."""

    def __init__(self, browser, membership, course) -> None:
        self.browser, self.membership, self.course = browser, membership, course

    def address(self, name: str, row=None) -> str:
        return reverse(f"lms_memberships:{name}", args=[row.pk if row else self.membership.slug])

    def page(self, address: str) -> str:
        return self.browser.get(address).content.decode()

    @property
    def detail(self) -> str:
        return self.page(self.membership.get_absolute_url())

    @property
    def paywall(self) -> str:
        return self.page(self.course.url)

    @property
    def account(self) -> str:
        return self.page(reverse("lms_memberships:account"))

    def is_offered(self) -> bool:
        """Whether any page would take their money; all of them agree."""
        on_detail = self.address("buy") in self.detail
        assert ("You pay €19.00 today" in text(self.detail)) is on_detail
        assert (f"Join {self.membership.title}" in text(self.paywall)) is on_detail
        assert (self.browser.get(self.address("buy")).status_code == 200) is on_detail
        return on_detail

    def press_anyway(self) -> str:
        return text(self.browser.post(self.address("buy"), follow=True).content.decode())


@pytest.fixture
def course(db):
    return school.course("Clay")


@pytest.fixture
def reader(client_for, student, membership, course, gateway):
    membership.may_pause = True
    return Reader(client_for(student), publish(put_into(membership, course), gateway=gateway), course)


@pytest.fixture
def paused(reader) -> Subscription:
    buy(reader.browser, reader.membership)
    held = Subscription.objects.get()
    reader.browser.post(reader.address("pause", held))
    held.refresh_from_db()
    assert held.status == "paused"
    return held


@pytest.fixture
def locked(reader, sandbox, clock, postman) -> Subscription:
    """Past due, and the days of grace are over; Stripe tries on until it gives up."""
    sandbox.actions.set_retries(days=[1, 20], then="unpaid")
    buy(reader.browser, reader.membership, card=hosted.FAILS_LATER_CARD)
    clock.advance(days=31, hours=3)
    postman.deliver()
    clock.advance(days=8)
    postman.deliver()
    held = Subscription.objects.get()
    assert (held.status, held.is_live(clock.now)) == ("past_due", False)
    return held


def test_one_that_rests_goes_on_and_is_not_sold_again(reader, paused):
    """X14, X8: on its page and on what it opens; whoever would rather join anew cancels it first, and then can."""
    onward = reader.address("continue", paused)
    assert not reader.is_offered()
    for page in (reader.detail, reader.paywall):
        assert f"Your membership “{reader.membership.title}” is paused." in text(page)
        assert onward in page
    assert "To join anew instead, cancel it first." in text(reader.detail)
    reader.browser.post(reader.address("cancel", paused))
    assert onward not in reader.detail
    assert reader.is_offered()


def test_one_that_is_not_sold_any_more_still_goes_on(reader, paused):
    """S26, X14"""
    reader.membership.unpublish()
    assert reader.address("continue", paused) in reader.detail
    assert reader.address("continue", paused) in reader.paywall


def test_who_joined_anew_all_the_same_is_not_led_to_pay_for_the_one_that_rests(reader, paused, clock):
    """C6: whom Stripe will not let go on must be able to join. The button goes, and the card says why."""
    assert press_join(reader.browser, reader.membership)
    buy(reader.browser, reader.membership)
    assert Subscription.objects.exclude(pk=paused.pk).get().is_live(clock.now)
    said = "You have this membership in another way by now, so the paused one does not go on. You can cancel it."
    assert reader.address("continue", paused) not in reader.account
    assert said in text(reader.account)
    assert reader.address("cancel", paused) in reader.account
    answer = reader.browser.post(reader.address("continue", paused), follow=True)
    assert said in text(answer.content.decode()), "the same words as before the press"


def test_another_tier_keeps_one_that_rests_from_going_on(reader, paused, student, gateway, now):
    """X8: on no page is Continue offered where it would be refused."""
    gold = publish(put_into(MembershipFactory(title="Gold"), school.course("Gilding")), gateway=gateway)
    ladder_making.save(Ladder(title="Studio"), [gold, reader.membership], now=now)
    school.subscribe(student, gold, until=now + 30 * DAY, stripe_id="sub_gold")
    assert reader.address("continue", paused) not in reader.account + reader.detail + reader.paywall
    assert "You have “Gold” by now, so the paused one does not go on." in text(reader.account)
    assert "Change to" in text(reader.detail)


@pytest.mark.parametrize("status", ["past_due", "unpaid"])
def test_one_whose_payment_is_missing_is_paid_and_not_sold_again(status, reader, locked, clock, postman):
    """X17, X8: also after Stripe has given up; what nothing is to be paid for any more can be bought again."""
    if status == "unpaid":
        clock.advance(days=20)
        postman.deliver()
    locked.refresh_from_db()
    assert locked.status == status
    assert not reader.is_offered()
    for page in (reader.detail, reader.paywall):
        assert reader.address("mend", locked) in page
        assert "Pay now" in text(page)
    if status == "past_due":
        said = str(holding.HELD_TEXTS["past_due"]) % {"title": reader.membership.title}
        assert said in text(reader.detail)
        assert said in reader.press_anyway()
    else:
        locked.invoices.update(status="void")
        assert reader.address("buy") in reader.detail


@pytest.mark.parametrize("beside", ["same", "tier", "other"])
def test_what_was_given_up_is_not_paid_beside_what_they_have_by_now(
    beside, reader, locked, student, gateway, clock, postman, sandbox
):
    """C6, X8: it would run again, and both would be charged. The card says why, and how to be rid of it."""
    clock.advance(days=20)
    postman.deliver()
    locked.refresh_from_db()
    assert locked.status == "unpaid"
    [invoice] = locked.invoices.filter(status="open")
    by_now, title = reader.membership, reader.membership.title
    if beside != "same":
        title = "Gold"
        by_now = publish(put_into(MembershipFactory(title=title), school.course("Gilding")), gateway=gateway)
    if beside == "tier":
        ladder_making.save(Ladder(title="Studio"), [by_now, reader.membership], now=clock.now)
    school.subscribe(student, by_now, until=clock.now + 30 * DAY, stripe_id="sub_anew")
    page = reader.account
    presses = [reader.address("mend", locked), reverse("lms_memberships:try_invoice", args=[invoice.pk])]
    presses.append(reverse("lms_memberships:pay_invoice", args=[invoice.pk]))
    if beside == "other":
        assert presses[0] in page, "the control: what has nothing to do with it keeps nobody from paying"
        assert reader.browser.post(presses[0]).url.startswith("http://127.0.0.1")
        return
    said = f"Its last payment failed, and you have “{title}” by now."
    assert said in text(page)
    assert "It opens again once you pay" not in text(page)
    assert not any(press in page for press in presses)
    assert reader.address("cancel", locked) in page
    before = len(sandbox.requests.all())
    for press in presses:
        assert said in text(reader.browser.post(press, follow=True).content.decode())
    assert [each["method"] for each in sandbox.requests.all()[before:] if each["method"] == "POST"] == []


@pytest.mark.parametrize("interval", ["month", "one_time"])
def test_while_a_debit_is_on_its_way_nobody_is_asked_to_pay_again(
    interval, client_for, student, gateway, course, postman
):
    """C7: for what renews there is a subscription already, for what is paid once only the page."""
    bundle = put_into(MembershipFactory(title="Book", interval=interval), course)
    reader = Reader(client_for(student), publish(bundle, gateway=gateway), course)
    assert reader.is_offered()
    assert hosted.pay_by_debit(press_join(reader.browser, reader.membership), iban=hosted.PAYING_ACCOUNT)[0] == 303
    postman.deliver()
    said = str(holding.ON_ITS_WAY) % {"title": "Book"}
    assert not reader.is_offered()
    assert said in text(reader.detail)
    assert said in reader.press_anyway()
    assert "Join" not in text(reader.paywall.partition('<div class="lmsm">')[2].partition("<footer")[0])


def test_what_is_disputed_is_not_offered_again(reader, sandbox, postman):
    """G7: it stands at Stripe until the bank has decided, and a second one would be refused."""
    buy(reader.browser, reader.membership)
    postman.deliver()
    sandbox.actions.open_dispute(charge_of(sandbox, Subscription.objects.get()))
    postman.deliver()
    assert not reader.is_offered()
    assert "closed because its payment was disputed at a bank" in text(reader.detail)
    assert "closed because its payment was disputed at a bank" in reader.press_anyway()
    assert reader.address("mend", Subscription.objects.get()) not in reader.detail + reader.paywall


def test_it_costs_the_same_however_much_somebody_holds(reader, paused, student, gateway, now):
    """H9, X25"""

    def queries(address: str) -> int:
        reader.browser.get(address)
        with CaptureQueriesContext(database) as captured:
            reader.browser.get(address)
        return len(captured)

    addresses = (reader.membership.get_absolute_url(), reader.course.url)
    few = [queries(address) for address in addresses]
    for number in range(5):
        other = publish(put_into(MembershipFactory(title=f"Pass {number}"), reader.course), gateway=gateway)
        school.subscribe(student, other, until=now - DAY, status="paused", stripe_id=f"sub_{number}")
        school.subscribe(student, other, until=now - DAY, status="unpaid", stripe_id=f"sub_unpaid_{number}")
        Checkout.objects.create(
            user=student, membership=other, price=other.prices.get(), state="expired", created_at=now - DAY
        )
    assert [queries(address) for address in addresses] == few
