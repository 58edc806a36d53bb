"""Is a code read, kept and judged as Stripe has it, and does who guesses learn nothing (V20, H6, I5, S36)?"""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from lms_memberships.management.jobs import JOBS
from lms_memberships.memberships import promotion_making, promotions
from lms_memberships.memberships.promotion_making import CodeTaken, Draft, OtherCurrency
from lms_memberships.memberships.promotion_words import discount_text
from lms_memberships.memberships.promotions import CodeNotUsable, Reason
from lms_memberships.models import Intent, PromotionCode
from lms_memberships.money import Money
from lms_memberships.payments.gateway import GatewayUnreachable
from lms_memberships.sandbox.faults import Fault
from tests.factories import MembershipFactory, publish, put_into

pytestmark = pytest.mark.django_db


def in_stripe(gateway, code: str = "SPRING", *, coupon: dict | None = None, **more: object):
    """As the owner makes one in Stripe's dashboard."""
    made = gateway.client.v1.coupons.create(coupon or {"percent_off": 25, "duration": "once"})
    promotion = {"type": "coupon", "coupon": made.id}
    return gateway.client.v1.promotion_codes.create({"promotion": promotion, "code": code, **more})


def draft(code: str = "SUMMER20", **more: object) -> Draft:
    wanted = {
        "token": "form-1", "name": "", "percent_off": 2000, "money_off": None, "duration": "once", "months": None,
        "memberships": (), "max_redemptions": None, "last_day": None, "first_time_only": False,
    }  # fmt: skip
    return Draft(code=code, **{**wanted, **more})


def price_of(membership):
    return membership.prices.get()


def reason(text: str, membership, *, gateway, now) -> Reason | str | None:
    try:
        promotions.resolve(text, price_of(membership), gateway=gateway, now=now)
    except CodeNotUsable as refusal:
        return refusal.reason if str(refusal.message) == str(CodeNotUsable.message) else "other words"
    return None


# ---------------------------------------------------------------- made in Stripe
def test_a_code_made_in_stripe_works_here_without_being_typed_in_again(membership, gateway, now):
    """V20: no webhook has come."""
    in_stripe(gateway, coupon={"amount_off": 500, "currency": "eur", "duration": "repeating", "duration_in_months": 3})
    code = promotions.resolve(" spring ", price_of(membership), gateway=gateway, now=now)
    assert (code.code, code.money_off, code.duration, code.months) == ("SPRING", Money(500, "eur"), "repeating", 3)


def test_the_webhook_brings_a_code_and_its_end(membership, gateway, postman):
    made = in_stripe(gateway)
    postman.deliver()
    assert PromotionCode.objects.get().is_active
    gateway.client.v1.promotion_codes.update(made.id, {"active": False})
    postman.deliver()
    assert not PromotionCode.objects.get().is_active


def test_deleting_the_coupon_ends_its_codes(gateway, postman):
    made = in_stripe(gateway)
    postman.deliver()
    gateway.client.v1.coupons.delete(made.promotion.coupon)
    postman.deliver()
    assert not PromotionCode.objects.get().is_active


def test_a_code_that_stripe_does_not_know_any_more_is_not_active(gateway, sandbox):
    made = in_stripe(gateway)
    promotions.follow(made.id, gateway=gateway)
    sandbox.reset()
    assert promotions.follow(made.id, gateway=gateway) is None
    assert not PromotionCode.objects.get().is_active


def test_the_daily_job_finds_codes_whose_event_got_lost(gateway, now):
    for number in range(3):
        in_stripe(gateway, f"CODE-{number}")
    assert JOBS["promotions"].do(now) == 3
    assert PromotionCode.objects.count() == 3


def test_a_read_that_began_earlier_changes_nothing(gateway):
    """B2, for codes."""
    made = in_stripe(gateway)
    early = gateway.read_code(made.id)
    gateway.client.v1.promotion_codes.update(made.id, {"active": False})
    promotions.follow(made.id, gateway=gateway)
    assert not promotions.record(early, gateway=gateway).is_active
    assert not PromotionCode.objects.get().is_active


def test_a_use_that_was_noted_is_not_forgotten_by_a_read_that_began_before(gateway):
    """J4: between payment and look-up nothing is counted too low."""
    made = in_stripe(gateway, max_redemptions=3)
    early = gateway.read_code(made.id)
    code = promotions.record(early, gateway=gateway)
    promotions.note_use(code.pk)
    assert promotions.record(early, gateway=gateway).times_redeemed == 1
    assert promotions.follow(made.id, gateway=gateway).times_redeemed == 0, "a later read is Stripe's word"


# ---------------------------------------------------------------- may it be used?
def test_who_guesses_hears_the_same_whatever_is_wrong(membership, gateway, clock):
    """S36: unknown, retired, expired, for something else, in another currency: one sentence, one look at Stripe."""
    now = clock.now
    gone = in_stripe(gateway, "GONE")
    gateway.retire_code(gone.id, key="retire")
    in_stripe(gateway, "LATE", expires_at=int((now + timedelta(hours=1)).timestamp()))
    product = gateway.client.v1.products.create({"name": "Other"}).id
    in_stripe(gateway, "OTHER", coupon={"percent_off": 5, "duration": "once", "applies_to": {"products": [product]}})
    in_stripe(gateway, "DOLLARS", coupon={"amount_off": 500, "currency": "usd", "duration": "once"})
    later = now + timedelta(hours=1)
    expected = {
        "NOBODYS": Reason.UNKNOWN,
        "not a code": Reason.UNKNOWN,
        "GONE": Reason.RETIRED,
        "LATE": Reason.EXPIRED,
        "OTHER": Reason.OTHER_MEMBERSHIP,
        "DOLLARS": Reason.OTHER_CURRENCY,
    }
    assert {code: reason(code, membership, gateway=gateway, now=later) for code in expected} == expected


def test_a_code_that_is_used_up_is_refused(membership, gateway, now):
    made = in_stripe(gateway, max_redemptions=1)
    code = promotions.follow(made.id, gateway=gateway)
    promotions.note_use(code.pk)
    code.refresh_from_db()
    assert promotions.why_not(code, price_of(membership), now=now) is Reason.USED_UP


def test_no_answer_from_stripe_is_not_an_answer_about_the_code(membership, gateway, sandbox, now):
    sandbox.faults.plan(Fault("status", "GET /v1/promotion_codes", count=2))
    with pytest.raises(GatewayUnreachable):
        promotions.resolve("SPRING", price_of(membership), gateway=gateway, now=now)


# ---------------------------------------------------------------- made here
def test_the_last_day_counts_whole_in_the_sites_zone(membership, gateway, settings):
    """I5: 23:59:59 valid, 00:00:00 not; also on the day on which the clocks go back."""
    settings.TIME_ZONE = "Europe/Paris"
    timezone.get_default_timezone.cache_clear()
    try:
        day = date(2027, 10, 31)
        code = promotion_making.make(draft(last_day=day, memberships=(membership,)), gateway=gateway)
        assert code.expires_at == datetime(2027, 10, 31, 23, tzinfo=UTC)
        assert promotions.last_day_of(code.expires_at) == day
        price = price_of(membership)
        assert promotions.why_not(code, price, now=code.expires_at - timedelta(seconds=1)) is None
        assert promotions.why_not(code, price, now=code.expires_at) is Reason.EXPIRED
    finally:
        timezone.get_default_timezone.cache_clear()


def test_a_code_for_one_membership_is_for_its_product_alone(membership, gateway, live_session, now):
    other = publish(put_into(MembershipFactory(title="Other"), live_session), gateway=gateway)
    promotion_making.make(draft(memberships=(membership,)), gateway=gateway)
    assert reason("SUMMER20", membership, gateway=gateway, now=now) is None
    assert reason("SUMMER20", other, gateway=gateway, now=now) is Reason.OTHER_MEMBERSHIP


def test_the_same_form_sent_twice_makes_one_code(membership, gateway, sandbox):
    first, second = (promotion_making.make(draft(), gateway=gateway) for _ in range(2))
    assert first.pk == second.pk
    for kind in ("coupon", "promotion_code"):
        assert len(sandbox.store.all(kind, account=sandbox.account_id)) == 1


def test_a_form_that_was_corrected_makes_what_it_says_now(membership, gateway):
    promotion_making.make(draft(), gateway=gateway)
    promotion_making.retire(PromotionCode.objects.get(), gateway=gateway)
    again = promotion_making.make(draft(percent_off=3000), gateway=gateway)
    assert (again.percent_off, again.is_active) == (3000, True)


def test_a_lost_answer_makes_no_second_code(membership, gateway, sandbox):
    """D1."""
    sandbox.faults.plan(Fault("commit_then_drop", "POST /v1/promotion_codes", count=2))
    with pytest.raises(GatewayUnreachable):
        promotion_making.make(draft(), gateway=gateway)
    code = promotion_making.make(draft(), gateway=gateway)
    assert code.is_active
    assert len(sandbox.store.all("promotion_code", account=sandbox.account_id)) == 1
    assert Intent.objects.filter(purpose="promotion_code").exclude(state=Intent.State.CONFIRMED).count() == 0


def test_letters_of_an_active_code_are_refused_in_words(membership, gateway):
    in_stripe(gateway, "SUMMER20")
    with pytest.raises(CodeTaken):
        promotion_making.make(draft(), gateway=gateway)
    assert not Intent.objects.filter(purpose="coupon").exists(), "nothing is left behind at Stripe"


def test_a_discount_in_another_currency_is_refused_when_it_is_made(membership, gateway):
    """H6."""
    dollars = {"percent_off": None, "money_off": Money(500, "usd")}
    for memberships in ((membership,), ()):
        with pytest.raises(OtherCurrency):
            promotion_making.make(draft(memberships=memberships, **dollars), gateway=gateway)
    euros = promotion_making.make(draft(percent_off=None, money_off=Money(500, "eur")), gateway=gateway)
    assert euros.money_off == Money(500, "eur")


def test_codes_that_we_make_cannot_be_guessed():
    """S36: 32 letters, ten of them, from the system's own source."""
    made = {promotion_making.letters_of(uuid4()) for _ in range(1000)}
    assert len(made) == 1000
    assert all(len(code) >= 8 and promotions.CODE.fullmatch(code) for code in made)


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"percent_off": 2000, "duration": "once"}, "20% off the first payment"),
        ({"percent_off": 1250, "duration": "forever"}, "12.5% off every payment"),
        ({"percent_off": 2000, "duration": "repeating", "months": 3}, "20% off in the first 3 months"),
        ({"amount_off": 500, "currency": "eur", "duration": "repeating", "months": 1}, "€5.00 off in the first month"),
    ],
)
def test_what_a_code_takes_off_is_said_in_words(more, text):
    assert discount_text(PromotionCode(**more), "en") == text
