"""Step 1: are title, price and trial taken as a person means them?"""

import pytest
from django.contrib.messages import get_messages
from django.db import IntegrityError, transaction

from lms_memberships.models import Membership
from tests.factories import MembershipFactory

from .conftest import version_of


def test_the_first_step_asks_for_everything_and_explains_the_card_switch(browser, wizard):
    """U10, U11, U12, U13, U14, U15, U16, U17, U18, U19, U20"""
    page = browser.get(wizard.add).content.decode()
    for name in wizard.information:
        assert f'name="{name}"' in page, name
    for label in ("Monthly", "Every 3 months", "Every 6 months", "Yearly", "Weekly", "One-time payment"):
        assert label in page
    assert "On: students enter a card" in page
    assert "Off: no card is asked for" in page
    assert 'name="action-next"' in page
    assert page.count('<li class="lms-steps__item">') == 3
    assert 'aria-current="step"' in page
    assert 'name="action-publish"' not in page


def test_next_saves_a_draft_with_an_address_and_leads_to_the_second_step(browser, wizard):
    """U13, U14, U17, U20, U23, H1, X19"""
    answer = browser.post(wizard.add, wizard.press("next", old_price_amount="29", trial_days="14"))
    membership = Membership.objects.get()
    assert answer.headers["Location"] == wizard.step(membership, "bundle")
    assert (membership.price_amount, membership.old_price_amount) == (1990, 2900)
    assert membership.slug == "studio-pass"
    assert membership.trial_days == 14
    assert not membership.live
    assert "<strong>studio</strong>" in membership.description_html


@pytest.mark.parametrize(
    ("typed", "currency", "minor"),
    [
        ("19", "eur", 1900),
        ("19,5", "eur", 1950),
        ("1 234.50", "eur", 123450),
        ("9,99", "eur", 999),
        ("1 000,00", "eur", 100_000),
        ("1\u202f000,00", "eur", 100_000),
        ("1\u00a0000,00", "eur", 100_000),
        ("1900", "jpy", 1900),
        ("1.250", "kwd", 1250),
    ],
)
def test_amounts_are_read_in_the_decimals_of_their_currency(browser, wizard, typed, currency, minor):
    """U13, H1, H3: as people write them, with a comma or a point, and with any space."""
    browser.post(wizard.add, wizard.press("next", price_amount=typed, currency=currency))
    assert Membership.objects.get().price_amount == minor


@pytest.mark.parametrize(
    ("typed", "currency", "words"),
    [
        ("19.999", "eur", "at most 2 decimals"),
        ("9,999", "eur", "in figures"),
        ("19.5", "jpy", "no decimals"),
        ("5.124", "kwd", "at most 2 decimals"),
        ("-3", "eur", "less than zero"),
        ("0", "eur", "more than zero"),
        ("lots", "eur", "in figures"),
        ("", "eur", "This field is required"),
    ],
)
def test_a_wrong_price_is_said_beside_the_field(browser, wizard, typed, currency, words):
    """U13, H1, H2, H3: no digit is cut off in silence."""
    answer = browser.post(wizard.add, wizard.press("next", price_amount=typed, currency=currency))
    assert answer.status_code == 200
    assert words in answer.context["form"].errors["price_amount"][0]
    assert not Membership.objects.exists()


def test_an_old_price_that_is_not_higher_is_refused(browser, wizard):
    """U14"""
    answer = browser.post(wizard.add, wizard.press("next", old_price_amount="19.90"))
    assert "must be higher" in answer.content.decode()


def test_a_currency_that_stripe_does_not_charge_is_refused(browser, wizard):
    """U3, H8"""
    answer = browser.post(wizard.add, wizard.press("next", currency="xxx"))
    assert "currency" in answer.context["form"].errors


def test_a_draft_needs_no_price_but_next_does(browser, wizard):
    """U13, X19"""
    fields = wizard.information | {"price_amount": ""}
    assert browser.post(wizard.add, fields).status_code == 302
    membership = Membership.objects.get()
    assert membership.price_amount is None
    answer = browser.post(wizard.step(membership, "information"), wizard.press("next", price_amount=""))
    assert "price_amount" in answer.context["form"].errors


def test_the_amount_comes_back_as_it_was_typed(browser, draft, wizard):
    """U13"""
    form = browser.get(wizard.step(draft, "information")).context["form"]
    assert form["price_amount"].value() == "19.00"


@pytest.mark.parametrize(("sent", "requires_card"), [({"trial_requires_card": "on"}, True), ({}, False)])
def test_the_card_switch_means_what_it_says(browser, wizard, sent, requires_card):
    """U18, U19"""
    fields = {
        name: value for name, value in wizard.press("next", trial_days="7").items() if name != "trial_requires_card"
    }
    browser.post(wizard.add, fields | sent)
    assert Membership.objects.get().trial_requires_card is requires_card


def test_a_one_time_payment_has_no_trial(browser, wizard):
    """U16, U17"""
    answer = browser.post(wizard.add, wizard.press("next", interval="one_time", trial_days="7"))
    assert "cannot have a free trial" in answer.content.decode()


def test_the_address_is_kept_when_the_title_changes_and_is_never_taken_twice(browser, draft, wizard):
    """U11"""
    slug = draft.slug
    browser.post(wizard.step(draft, "information"), wizard.press("next", title="Another name"))
    assert version_of(draft).slug == slug
    browser.post(wizard.add, wizard.press("next"))
    assert Membership.objects.exclude(pk=draft.pk).get().slug == f"{slug}-2"


def test_moving_between_steps_says_nothing_and_publishes_nothing(browser, draft, wizard):
    """U20, U28"""
    answer = browser.post(wizard.step(draft, "information"), wizard.press("next"))
    assert not list(get_messages(answer.wsgi_request))
    draft.refresh_from_db()
    assert not draft.live


def test_an_unknown_step_does_not_exist(browser, draft, wizard):
    """U10"""
    assert browser.get(wizard.step(draft, "extras")).status_code == 404
    assert browser.post(wizard.url("preview_on_step", draft.pk, "extras"), {}).status_code == 404


@pytest.mark.parametrize(
    ("field", "value", "is_taken"),
    [
        ("trial_days", "730", True),
        ("trial_days", "731", False),
        ("trial_days", "-1", False),
        ("max_members", "1", True),
        ("max_members", "0", False),
        ("max_members", "-1", False),
        ("grace_days", "0", True),
        ("grace_days", "60", True),
        ("grace_days", "61", False),
        ("price_amount", "0", False),
        ("price_amount", "-1", False),
        ("price_amount", "0.01", True),
    ],
)
def test_the_bounds_hold_to_the_last_value(browser, wizard, field, value, is_taken):
    """N4: the last that is taken, and the first that is not, beside its field."""
    answer = browser.post(wizard.add, wizard.press("next", **{field: value}))
    assert Membership.objects.exists() is is_taken
    assert is_taken or field in answer.context["form"].errors


def test_the_database_keeps_the_bounds_too(db):
    """N4: for whoever does not come through the form."""
    for wrong in ({"price_amount": 0}, {"price_amount": -1}, {"trial_days": -1}, {"max_members": -1}):
        with pytest.raises(IntegrityError), transaction.atomic():
            MembershipFactory(**wrong)


def test_a_new_membership_is_charged_by_the_month():
    """W15, U16: unless another interval is chosen."""
    assert Membership().interval == "month"
