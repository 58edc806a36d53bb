"""Does a creator make, find, retire and give promotion codes, and is whoever may not kept out (V19, U40, H6)?"""

import uuid
from datetime import timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from wagtail.models import ModelLogEntry

from lms_memberships.memberships import promotions
from lms_memberships.models import PromotionCode
from lms_memberships.sandbox.faults import Fault
from tests import hosted
from tests.factories import UserFactory, allow
from tests.flows.steps import buy, text

pytestmark = pytest.mark.django_db

LIST = reverse("lms_memberships_promotions_list")
ADD = reverse("lms_memberships_promotions_add")
EVERYTHING = ("view_promotioncode", "add_promotioncode", "change_promotioncode")


@pytest.fixture
def owner(client_for):
    return client_for(allow(UserFactory(username="owner"), *EVERYTHING))


def show(code: PromotionCode, what: str = "show") -> str:
    return reverse(f"lms_memberships_promotions_{what}", args=[code.pk])


def fill(**more: object) -> dict[str, object]:
    wanted = {"token": str(uuid.uuid4()), "code": "AUTUMN20", "percent": "20", "currency": "eur", "duration": "once"}
    return {**wanted, **more}


def rows(number: int, **more: object) -> list[PromotionCode]:
    """As many as are read from Stripe on a busy account."""
    now = timezone.now()
    values = {"account": "acct_sandbox", "percent_off": 1000, "created_at": now, "read_started_at": now, **more}
    return PromotionCode.objects.bulk_create(
        PromotionCode(stripe_id=f"promo_{uuid.uuid4().hex}", coupon_id="c", code=f"CODE-{turn}", **values)
        for turn in range(number)
    )


def test_a_creator_makes_a_code_and_a_student_uses_it(owner, client_for, student, membership, gateway):
    """V19."""
    page = owner.get(ADD).content.decode()
    assert membership.title in page
    filled = fill(memberships=[membership.pk], duration="repeating", months="3", max_redemptions="50")
    answer = owner.post(ADD, filled, follow=True)
    code = PromotionCode.objects.get()
    assert (code.code, code.percent_off, code.months, code.max_redemptions) == ("AUTUMN20", 2000, 3, 50)
    assert code.products == [membership.prices.get().product_id]
    shown = text(answer.content.decode())
    for words in ("20% off in the first 3 months", "0 of 50", membership.title, "?promo=AUTUMN20"):
        assert words in shown
    url = client_for(student).post(membership.get_absolute_url() + "buy/", {"promo": "autumn20"})["Location"]
    assert "€15.20" in hosted.get(url)


def test_an_empty_code_is_chosen_for_the_creator_and_the_form_sent_twice_makes_one(owner, membership, gateway):
    """S36."""
    filled = fill(code="")
    for _time in range(2):
        assert owner.post(ADD, filled).status_code == 302
    code = PromotionCode.objects.get()
    assert len(code.code) == 10
    assert code.percent_off == 2000


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"percent": ""}, "Enter a share in percent, or an amount."),
        ({"amount": "5"}, "Choose a share in percent or an amount, not both."),
        ({"percent": "", "amount": "5.001"}, "EUR takes at most 2 decimals."),
        ({"percent": "", "amount": "5", "currency": "usd"}, "in another currency than the price"),
        ({"percent": "101"}, "less than or equal to 100"),
        ({"code": "été"}, "Only letters, figures and hyphens"),
        ({"duration": "repeating"}, "Say for how many months."),
        ({"last_day": "2020-01-01"}, "This day is over."),
        ({"code": "TAKEN"}, "There is an active code with these letters already."),
    ],
)
def test_what_cannot_be_is_said_beside_the_field_and_nothing_is_lost(owner, membership, gateway, more, words):
    """H6 among them: a clear message when it is made."""
    coupon = gateway.client.v1.coupons.create({"percent_off": 5, "duration": "once"})
    gateway.client.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "taken"})
    answer = owner.post(ADD, fill(max_redemptions="77", **more))
    assert answer.status_code == 200
    assert words in text(answer.content.decode())
    assert 'value="77"' in answer.content.decode()
    assert not PromotionCode.objects.filter(percent_off=2000).exists()


def test_while_stripe_is_away_the_form_stays_and_says_so(owner, membership, sandbox):
    sandbox.faults.plan(Fault("status", "POST /v1/coupons", count=2))
    answer = owner.post(ADD, fill())
    assert answer.status_code == 200
    assert "could not be reached" in text(answer.content.decode())
    assert not PromotionCode.objects.exists()


def test_without_a_connection_there_is_no_form(owner, settings, db):
    settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY = ""
    assert owner.get(ADD)["Location"] == LIST
    assert owner.get(LIST).status_code == 200


def test_retiring_ends_it_at_stripe_and_stands_in_the_history(owner, membership, gateway, admin, client_for):
    owner.post(ADD, fill())
    code = PromotionCode.objects.get()
    page = owner.post(show(code, "retire"), follow=True)
    assert "Nobody can use the code AUTUMN20 any more." in text(page.content.decode())
    assert "Retire the code" not in page.content.decode()
    assert not gateway.read_code(code.stripe_id).is_active
    assert [entry.action for entry in ModelLogEntry.objects.for_instance(code).order_by("pk")] == [
        "lms_memberships.code_made",
        "lms_memberships.code_retired",
    ]
    report = client_for(admin).get(reverse("wagtailadmin_reports:site_history")).content.decode()
    assert "Promotion code retired" in report


# ---------------------------------------------------------------- the list
def test_codes_are_found_by_their_letters_and_their_state(owner, gateway):
    now = timezone.now()
    rows(1)
    rows(1, expires_at=now - timedelta(days=1), name="Old one")
    rows(1, max_redemptions=3, times_redeemed=3)
    rows(1, is_active=False)
    for state, words in (("active", "Active"), ("expired", "Expired"), ("used_up", "3 of 3"), ("retired", "Retired")):
        page = owner.get(LIST, {"state": state})
        assert len(page.context["object_list"]) == 1, state
        assert words in page.content.decode()
    assert len(owner.get(LIST, {"q": "old"}).context["object_list"]) == 1
    assert len(owner.get(LIST, {"q": "code-0"}).context["object_list"]) == 4
    assert len(owner.get(LIST).context["object_list"]) == 4


def test_the_list_is_paged_and_costs_the_same_queries_at_any_size(owner, gateway):
    def queries() -> int:
        with CaptureQueriesContext(database) as captured:
            assert owner.get(LIST).status_code == 200
        return len(captured)

    rows(1)
    queries()
    few = queries()
    rows(120)
    assert queries() == few
    page = owner.get(LIST)
    assert len(page.context["object_list"]) == 50
    assert len(owner.get(LIST, {"p": 3}).context["object_list"]) == 21


def test_codes_of_another_account_are_not_shown(owner, gateway):
    rows(1, account="acct_other")
    assert list(owner.get(LIST).context["object_list"]) == []
    assert owner.get(show(PromotionCode.objects.get())).status_code == 404


def test_what_a_code_is_called_in_stripe_is_only_text_here(owner, gateway):
    rows(1, name="<script>alert(1)</script>", products=["<b>prod</b>"])
    for address in (LIST, show(PromotionCode.objects.get())):
        page = owner.get(address).content.decode()
        assert "<script>alert(1)" not in page
        assert "<b>prod" not in page


# ---------------------------------------------------------------- given to a member
@pytest.fixture
def code(owner, membership, gateway) -> PromotionCode:
    owner.post(ADD, fill(memberships=[membership.pk], duration="forever"))
    return PromotionCode.objects.get()


def test_a_member_gets_the_discount_from_the_next_payment_on(owner, client_for, student, membership, code, clock):
    """Issue 4: a code can be applied to a running subscription by the creator."""
    buy(client_for(student), membership)
    page = owner.post(show(code, "give"), {"person": "STUDENT@school.test"}, follow=True)
    assert "gets the discount from the next payment on" in text(page.content.decode())
    code.refresh_from_db()
    assert code.times_redeemed == 1
    entry = ModelLogEntry.objects.get(action="lms_memberships.code_given")
    assert student.email not in str(entry.data)
    clock.advance(days=32)
    invoices = [each["total"] for each in clock.sandbox.store.all("invoice", account=code.account)]
    assert sorted(invoices) == [1520, 1900]


@pytest.mark.parametrize("person", ["", "nobody@school.test", "student"])
def test_who_has_nothing_running_gets_nothing(owner, student, code, person):
    page = owner.post(show(code, "give"), {"person": person}, follow=True)
    assert "running subscription that the code is for" in text(page.content.decode())


def test_a_used_up_code_is_given_to_nobody(owner, client_for, student, membership, code, gateway):
    buy(client_for(student), membership)
    PromotionCode.objects.update(max_redemptions=1, times_redeemed=1)
    page = owner.post(show(code, "give"), {"person": "student"}, follow=True)
    assert "The code is used up." in text(page.content.decode())
    assert promotions.follow(code.stripe_id, gateway=gateway).times_redeemed == 0


# ---------------------------------------------------------------- who may
def test_each_step_asks_for_its_own_permission(client_for, code):
    viewer = client_for(allow(UserFactory(), "view_promotioncode"))
    assert viewer.get(LIST).status_code == 200
    shown = viewer.get(show(code)).content.decode()
    assert "Retire the code" not in shown
    assert viewer.get(ADD).status_code == 302
    for what in ("retire", "give"):
        assert viewer.post(show(code, what), {"person": "student"}).status_code in {302, 403}
    code.refresh_from_db()
    assert code.is_active
    nobody = client_for(allow(UserFactory()))
    assert nobody.get(LIST).status_code == 302
    assert LIST not in nobody.get(reverse("wagtailadmin_home")).content.decode()
    assert LIST in viewer.get(reverse("wagtailadmin_home")).content.decode()
