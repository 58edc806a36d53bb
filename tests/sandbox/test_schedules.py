"""How a schedule leads a subscription: its phases, its end, and what may not be changed behind its back."""

import pytest
import stripe

from tests.sandbox.shop import DAY, FAILS_LATER, Shop, period
from tests.sandbox.test_renewals import break_card

NEVER = "not allowed. Please update the schedule instead."


def attach(shop: Shop, subscription: stripe.Subscription) -> stripe.SubscriptionSchedule:
    return shop.api.subscription_schedules.create({"from_subscription": subscription.id})


def items_of(phase) -> list[dict]:
    return [{"price": each.price, "quantity": each.quantity} for each in phase["items"]]


def pay_off(shop: Shop, subscription: stripe.Subscription, times: int) -> stripe.SubscriptionSchedule:
    """Guide §9: one phase of so many months, and then the end."""
    made = attach(shop, subscription)
    first = made.phases[0]
    phase = {
        "start_date": first.start_date,
        "duration": {"interval": "month", "interval_count": times},
        "items": items_of(first),
        "proration_behavior": "none",
    }
    return shop.api.subscription_schedules.update(
        made.id, {"end_behavior": "cancel", "proration_behavior": "none", "phases": [phase]}
    )


def paid(shop: Shop, subscription: stripe.Subscription) -> list[int]:
    invoices = shop.api.invoices.list({"subscription": subscription.id, "status": "paid", "limit": 100}).data
    return [each.amount_paid for each in reversed(invoices)]


def test_a_schedule_made_from_a_subscription_copies_its_period(shop: Shop):
    subscription = shop.buy(shop.price(1900))
    made = attach(shop, subscription)
    start, end = period(subscription)
    assert (made.status, made.end_behavior, made.subscription) == ("active", "release", subscription.id)
    assert (made.phases[0].start_date, made.phases[0].end_date) == (start, end)
    assert (made.current_phase.start_date, made.current_phase.end_date) == (start, end)
    read = shop.api.subscriptions.retrieve(subscription.id, {"expand": ["schedule"]})
    assert read.schedule.id == made.id
    assert [each.id for each in shop.api.subscription_schedules.list({"customer": made.customer}).data] == [made.id]
    assert shop.api.subscription_schedules.list({"scheduled": True}).data == []
    assert "subscription_schedule.created" in shop.told()


def test_instalments_are_billed_as_often_as_planned_and_then_it_ends(shop: Shop):
    subscription = shop.buy(shop.price(1900))
    schedule = pay_off(shop, subscription, 3)
    ending = shop.read(subscription)
    assert ending.cancel_at == schedule.phases[0].end_date
    assert not ending.cancel_at_period_end
    shop.advance(days=100)
    assert paid(shop, subscription) == [1900, 1900, 1900]
    over = shop.read(subscription)
    assert (over.status, over.ended_at) == ("canceled", schedule.phases[0].end_date)
    assert shop.api.subscription_schedules.retrieve(schedule.id).status == "completed"
    ends = [each.type for each in shop.events("subscription_schedule.completed", "customer.subscription.deleted")]
    assert ends == ["subscription_schedule.completed", "customer.subscription.deleted"]


def test_without_a_schedule_it_is_billed_for_ever(shop: Shop):
    """The negative control of all of this."""
    subscription = shop.buy(shop.price(1900))
    shop.advance(days=121)
    assert len(paid(shop, subscription)) == 5


def test_a_trial_is_a_phase_of_its_own(shop: Shop):
    subscription = shop.buy(shop.price(1900), subscription_data={"trial_period_days": 14})
    made = attach(shop, subscription)
    trial = made.phases[0]
    assert trial.trial_end == trial.end_date == subscription.trial_end
    items = items_of(trial)
    phases = [
        {"start_date": trial.start_date, "end_date": trial.end_date, "trial_end": trial.trial_end, "items": items},
        {"duration": {"interval": "month", "interval_count": 3}, "items": items, "proration_behavior": "none"},
    ]
    shop.api.subscription_schedules.update(made.id, {"end_behavior": "cancel", "phases": phases})
    during = shop.read(subscription)
    assert (during.status, during.trial_end, during.cancel_at) == ("trialing", subscription.trial_end, None)
    shop.advance(days=15)
    assert shop.read(subscription).cancel_at is not None
    shop.advance(days=120)
    assert paid(shop, subscription) == [0, 1900, 1900, 1900]


def test_a_phase_that_forgets_the_trial_ends_it(shop: Shop):
    """The trap behind the test before: phases replace, and what they do not name is gone."""
    subscription = shop.buy(shop.price(1900), subscription_data={"trial_period_days": 14})
    pay_off(shop, subscription, 3)
    assert shop.read(subscription).status == "active"


def test_phases_keep_the_discounts_that_they_name_and_no_others(shop: Shop):
    coupon = shop.api.coupons.create({"percent_off": 50, "duration": "forever"})
    kept, lost = (shop.buy(shop.price(1900), discounts=[{"coupon": coupon.id}]) for _ in range(2))
    made = attach(shop, kept)
    first = made.phases[0]
    shop.api.subscription_schedules.update(
        made.id,
        {
            "end_behavior": "cancel",
            "phases": [
                {
                    "start_date": first.start_date,
                    "duration": {"interval": "month", "interval_count": 3},
                    "items": items_of(first),
                    "discounts": [{"discount": each.discount} for each in first.discounts],
                }
            ],
        },
    )
    pay_off(shop, lost, 3)
    shop.advance(days=120)
    assert paid(shop, kept) == [950, 950, 950]
    assert paid(shop, lost) == [950, 1900, 1900]


def test_a_discount_put_on_the_subscription_itself_lasts_for_the_phase(shop: Shop):
    subscription = shop.buy(shop.price(1900))
    schedule = pay_off(shop, subscription, 3)
    coupon = shop.api.coupons.create({"percent_off": 50, "duration": "forever"})
    shop.api.subscriptions.update(subscription.id, {"discounts": [{"coupon": coupon.id}]})
    assert len(shop.api.subscription_schedules.retrieve(schedule.id).phases[0].discounts) == 1
    shop.advance(days=100)
    assert paid(shop, subscription) == [1900, 950, 950]


def test_another_price_begins_with_the_next_period_and_leaves_no_schedule_behind(shop: Shop):
    """Guide §7 and §8: two phases, nothing prorated, released at the end."""
    subscription = shop.buy(shop.price(3900))
    cheaper = shop.price(1900)
    made = attach(shop, subscription)
    first = made.phases[0]
    shop.api.subscription_schedules.update(
        made.id,
        {
            "end_behavior": "release",
            "proration_behavior": "none",
            "phases": [
                {"start_date": first.start_date, "end_date": first.end_date, "items": items_of(first)},
                {
                    "items": [{"price": cheaper.id, "quantity": 1}],
                    "duration": {"interval": "month"},
                    "proration_behavior": "none",
                },
            ],
        },
    )
    assert shop.read(subscription)["items"].data[0].price.unit_amount == 3900
    shop.advance(days=28, hours=2)
    assert shop.read(subscription)["items"].data[0].price.unit_amount == 1900
    assert paid(shop, subscription) == [3900, 1900]
    shop.advance(days=62)
    after = shop.read(subscription)
    assert (after.status, after.schedule, after.cancel_at) == ("active", None, None)
    released = shop.api.subscription_schedules.retrieve(made.id)
    assert (released.status, released.released_subscription, released.subscription) == (
        "released",
        subscription.id,
        None,
    )
    assert paid(shop, subscription) == [3900, 1900, 1900, 1900]


def test_a_dearer_price_in_the_middle_of_a_phase_is_prorated_when_it_is_asked_for(shop: Shop):
    subscription = shop.buy(shop.price(1000))
    dearer = shop.price(3000)
    made = attach(shop, subscription)
    first = made.phases[0]
    shop.advance(days=14)
    shop.api.subscription_schedules.update(
        made.id,
        {
            "proration_behavior": "always_invoice",
            "phases": [
                {
                    "start_date": first.start_date,
                    "end_date": first.end_date,
                    "items": [{"price": dearer.id, "quantity": 1}],
                }
            ],
        },
    )
    assert paid(shop, subscription) == [1000, 1000]


@pytest.mark.parametrize(("keeps", "expected"), [(True, True), (False, False)])
def test_a_released_subscription_goes_on_or_keeps_its_end(shop: Shop, keeps: bool, expected: bool):
    subscription = shop.buy(shop.price(1900))
    schedule = pay_off(shop, subscription, 3)
    released = shop.api.subscription_schedules.release(schedule.id, {"preserve_cancel_date": keeps})
    assert (released.status, released.current_phase) == ("released", None)
    after = shop.read(subscription)
    assert after.schedule is None
    assert (after.cancel_at is not None) is expected
    assert "subscription_schedule.released" in shop.told()
    with pytest.raises(stripe.InvalidRequestError, match="cannot release"):
        shop.api.subscription_schedules.release(schedule.id)


def test_a_cancelled_schedule_takes_its_subscription_with_it(shop: Shop):
    subscription = shop.buy(shop.price(1900))
    schedule = pay_off(shop, subscription, 3)
    canceled = shop.api.subscription_schedules.cancel(schedule.id, {"invoice_now": False, "prorate": False})
    assert canceled.status == "canceled"
    assert shop.read(subscription).status == "canceled"
    assert "subscription_schedule.canceled" in shop.told()


def test_what_a_schedule_decides_is_not_changed_behind_its_back(shop: Shop):
    """Guide §7: update or release the schedule first."""
    subscription = shop.buy(shop.price(1900))
    schedule = pay_off(shop, subscription, 3)
    item = shop.read(subscription)["items"].data[0]
    for change in ({"cancel_at_period_end": True}, {"cancel_at": ""}):
        with pytest.raises(stripe.InvalidRequestError, match=NEVER):
            shop.api.subscriptions.update(subscription.id, change)
    with pytest.raises(stripe.InvalidRequestError, match=schedule.id):
        shop.api.subscriptions.update(subscription.id, {"items": [{"id": item.id, "price": shop.price(900).id}]})
    with pytest.raises(stripe.InvalidRequestError, match=NEVER):
        shop.api.subscriptions.cancel(subscription.id)
    with pytest.raises(stripe.InvalidRequestError, match="already attached"):
        attach(shop, subscription)
    # What it does not decide can be changed.
    shop.api.subscriptions.update(subscription.id, {"metadata": {"a": "b"}})


def test_the_start_of_the_current_phase_stays(shop: Shop):
    subscription = shop.buy(shop.price(1900))
    made = attach(shop, subscription)
    phase = {"duration": {"interval": "month"}, "items": items_of(made.phases[0])}
    earlier = phase | {"start_date": made.phases[0].start_date - DAY}
    with pytest.raises(stripe.InvalidRequestError, match="start date of the current phase"):
        shop.api.subscription_schedules.update(made.id, {"phases": [earlier]})


def test_a_failed_last_instalment_is_open_when_it_ends(shop: Shop):
    subscription = shop.buy(shop.price(1900))
    pay_off(shop, subscription, 2)
    break_card(shop, subscription, FAILS_LATER)
    shop.advance(days=70)
    over = shop.read(subscription)
    assert over.status == "canceled"
    assert paid(shop, subscription) == [1900]


def test_a_schedule_closes_with_a_subscription_that_ends_in_another_way(shop: Shop):
    subscription = shop.buy(shop.price(1900))
    schedule = pay_off(shop, subscription, 6)
    break_card(shop, subscription, FAILS_LATER)
    shop.advance(days=60)
    assert shop.read(subscription).status == "canceled"
    assert shop.api.subscription_schedules.retrieve(schedule.id).status == "canceled"


def test_a_schedule_for_a_customer_begins_a_subscription_now_or_later(shop: Shop):
    price = shop.price(1900)
    first = shop.buy(price)
    buyer = first.customer
    settings = {"default_payment_method": first.default_payment_method}
    phase = {
        "items": [{"price": price.id, "quantity": 1}],
        "duration": {"interval": "month", "interval_count": 2},
        "proration_behavior": "none",
        "metadata": {"lmsm_instalments": "2"},
    }
    start = shop.sandbox.now() + 10 * DAY
    now, later = (
        shop.api.subscription_schedules.create(
            {
                "customer": buyer,
                "start_date": moment,
                "end_behavior": "cancel",
                "default_settings": settings,
                "phases": [phase],
            }
        )
        for moment in ("now", start)
    )
    assert (now.status, later.status, later.subscription) == ("active", "not_started", None)
    assert shop.read(now.subscription).metadata["lmsm_instalments"] == "2"
    shop.advance(days=11)
    begun = shop.api.subscription_schedules.retrieve(later.id)
    assert begun.status == "active"
    shop.advance(days=90)
    for each in (now.subscription, begun.subscription):
        assert shop.read(each).status == "canceled"
        assert paid(shop, shop.read(each)) == [1900, 1900]


def test_the_dashboard_lets_go_of_the_schedule_before_it_ends_a_subscription(shop: Shop):
    subscription = shop.buy(shop.price(1900))
    schedule = pay_off(shop, subscription, 3)
    shop.sandbox.actions.cancel_subscription_at_period_end(subscription.id)
    after = shop.read(subscription)
    assert (after.schedule, after.cancel_at_period_end) == (None, True)
    assert shop.api.subscription_schedules.retrieve(schedule.id).status == "released"
