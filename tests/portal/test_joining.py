"""Where does "Join" lead somebody who is not signed in? To make an account, where the site says how."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.http import urlencode

pytestmark = pytest.mark.django_db


@pytest.fixture
def onward(membership) -> str:
    return urlencode({"next": reverse("lms_memberships:buy", args=[membership.slug])})


def test_newcomers_make_an_account_and_others_find_the_sign_in(membership, onward, settings):
    """W20"""
    settings.LMS_MEMBERSHIPS_SIGN_UP_URL = "account_signup"
    page = Client().get(membership.get_absolute_url()).content.decode()
    assert f'<a class="lmsm-button" href="/accounts/signup/?{onward}">Join</a>' in page
    assert f'href="/accounts/login/?{onward}"' in page


def test_without_a_page_to_sign_up_everybody_signs_in_first(membership, onward, settings):
    """W20"""
    settings.LMS_MEMBERSHIPS_SIGN_UP_URL = ""
    page = Client().get(membership.get_absolute_url()).content.decode()
    assert f'<a class="lmsm-button" href="/accounts/login/?{onward}">Join</a>' in page
    assert "/accounts/signup/" not in page
