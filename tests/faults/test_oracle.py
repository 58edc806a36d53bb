"""Does the oracle see what is wrong? Each thing that it looks at, put wrong by hand."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection, transaction

from lms_memberships import clock
from lms_memberships.emails.rendering import message_id
from lms_memberships.models import (
    Checkout,
    Customer,
    Email,
    Intent,
    Invoice,
    Subscription,
    WebhookEvent,
)
from lms_memberships.webhooks.handlers import HANDLERS
from tests.faults import wrong_fates
from tests.faults.rig import leavings, oracle, others, people, scenarios
from tests.faults.rig.killing import Driver
from tests.faults.rig.site import site
from tests.faults.rig.world import World

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="several processes need row locks"),
]


@pytest.fixture(scope="module")
def world(tmp_path_factory, django_db_blocker):
    """Two students bought, others came in other ways, and all is well."""
    with django_db_blocker.unblock(), site(tmp_path_factory.mktemp("oracle")) as place:
        place.start()
        driver = Driver(place, people.sell())
        for _student in range(2):
            scenarios.buy(driver)
        for come in (others.claimed, others.returned, others.redeemed, others.taken_back, others.moved_up):
            come(driver)
        for leave in (leavings.withdrawn, leavings.revoked, leavings.given_back):
            leave(driver)
        place.wait_until_quiet()
        place.kill_all()
        yield World.of(place, [each for each in place.stripe.events() if each["type"] in HANDLERS])


def an_event_has_no_row(world: World) -> None:
    WebhookEvent.objects.first().delete()


def an_event_is_dead(world: World) -> None:
    WebhookEvent.objects.filter(pk=WebhookEvent.objects.first().pk).update(state="dead")


def an_event_waits(world: World) -> None:
    WebhookEvent.objects.filter(pk=WebhookEvent.objects.first().pk).update(state="received")


def an_event_is_two_rows(world: World) -> None:
    row = WebhookEvent.objects.first()
    row.pk, row.account = None, "acct_other"
    row.save()


def a_status_differs(world: World) -> None:
    Subscription.objects.filter(pk=_one().pk).update(status="past_due")


def a_period_differs(world: World) -> None:
    Subscription.objects.filter(pk=_one().pk).update(period_end=clock.now())


def a_planned_end_is_unknown(world: World) -> None:
    Subscription.objects.filter(pk=_one().pk).update(cancel_at=clock.now())


def a_subscription_is_missing(world: World) -> None:
    row = _one()
    Invoice.objects.filter(subscription=row).update(subscription=None)
    Subscription.objects.filter(pk=row.pk).update(stripe_id="sub_of_nobody")


def access_is_too_long(world: World) -> None:
    row = _one()
    Subscription.objects.filter(pk=row.pk).update(access_until=row.access_until + timedelta(days=1))


def access_is_closed(world: World) -> None:
    Subscription.objects.filter(pk=_one().pk).update(access_until=None)


def somebody_has_it_twice(world: World) -> None:
    row = _one()
    row.pk, row.stripe_id = None, "sub_second"
    row.save()


def a_mail_was_sent_twice(world: World) -> None:
    world.accepted[message_id(Email.objects.first())] += 1


def a_mail_of_nobody_was_sent(world: World) -> None:
    world.accepted["<nobody@rig.test>"] += 1


def a_mail_was_never_sent(world: World) -> None:
    del world.accepted[message_id(Email.objects.filter(state="sent").first())]


def a_welcome_is_owed_twice(world: World) -> None:
    _owe_again("bought")


def a_receipt_is_owed_twice(world: World) -> None:
    _owe_again("payment_succeeded")


def a_customer_is_two(world: World) -> None:
    world.customers.append(dict(world.customers[0], id="cus_second"))


def a_page_is_there_twice(world: World) -> None:
    world.sessions.append(dict(world.sessions[0], id="cs_second"))


def a_price_is_an_orphan(world: World) -> None:
    world.prices.append(dict(world.prices[0], id="price_of_nobody"))


def a_product_is_an_orphan(world: World) -> None:
    world.products.append(dict(world.products[0], id="prod_of_nobody"))


def a_customer_is_an_orphan(world: World) -> None:
    Customer.objects.filter(pk=Customer.objects.first().pk).update(stripe_id="cus_other")


def an_invoice_is_missing(world: World) -> None:
    Invoice.objects.first().delete()


def an_amount_differs(world: World) -> None:
    Invoice.objects.filter(pk=Invoice.objects.first().pk).update(amount_paid=1)


def an_intent_is_open(world: World) -> None:
    Intent.objects.filter(pk=Intent.objects.first().pk).update(state="unknown")


WRONG: dict[str, list[Callable[[World], None]]] = {
    "nothing_is_lost": [an_event_has_no_row, an_event_is_dead, an_event_waits, an_event_is_two_rows],
    "subscriptions_are_stripes": [
        a_status_differs,
        a_period_differs,
        a_planned_end_is_unknown,
        a_subscription_is_missing,
    ],
    "access_lasts_as_long_as_it_should": [access_is_too_long, access_is_closed],
    "one_reason_each": [somebody_has_it_twice],
    "mails_are_sent_once": [a_mail_was_sent_twice, a_mail_of_nobody_was_sent, a_mail_was_never_sent],
    "facts_are_told_once": [a_welcome_is_owed_twice, a_receipt_is_owed_twice],
    "each_thing_was_made_once": [
        a_customer_is_two,
        a_page_is_there_twice,
        a_price_is_an_orphan,
        a_product_is_an_orphan,
        a_customer_is_an_orphan,
    ],
    "the_ledger_is_stripes": [an_invoice_is_missing, an_amount_differs],
    **wrong_fates.WRONG,
    "no_intent_is_open": [an_intent_is_open],
}


def test_all_is_well(world):
    """R5: what the others put wrong is right before."""
    assert found(world) == {}
    # Two, one who claimed, one whose second is returned, one with a gift, one who moved up, and three who left.
    assert Subscription.objects.count() == 9
    assert Checkout.objects.filter(state="complete").count() == 8


def test_each_check_has_its_control():
    """R5"""
    assert WRONG.keys() == {check.__name__ for check in oracle.CHECKS}


@pytest.mark.parametrize(
    ("check", "put_wrong"),
    [pytest.param(check, wrong, id=wrong.__name__) for check, wrongs in WRONG.items() for wrong in wrongs],
)
def test_the_oracle_complains(check, put_wrong, world):
    """R5, negative control: the check that is meant complains."""
    lists = {name: value.copy() for name, value in vars(world).items()}
    with transaction.atomic():
        put_wrong(world)
        complaints = found(world)
        transaction.set_rollback(True)
    vars(world).update(lists)
    assert check in complaints


def found(world: World) -> dict[str, list[str]]:
    answers = {check.__name__: list(check(world)) for check in oracle.CHECKS}
    return {name: complaints for name, complaints in answers.items() if complaints}


def _one() -> Subscription:
    return Subscription.objects.order_by("pk")[0]


def _owe_again(kind: str) -> None:
    email = Email.objects.filter(kind=kind).first()
    email.pk, email.key = None, f"{email.key}:again"
    email.save()
