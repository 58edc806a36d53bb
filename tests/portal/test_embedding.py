"""What does another site get to show of a membership, and which ones may (V27, S54)?"""

import pytest
from django.core import checks
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from lms_memberships.portal import embedding
from tests.factories import MembershipFactory, publish, put_into
from tests.flows.steps import text

pytestmark = pytest.mark.django_db

ORIGINS = ["https://owner.test", "https://*.studio.test:8443"]


def card(membership) -> str:
    return reverse("lms_memberships:embed", args=[membership.slug])


@pytest.fixture
def embedded(settings):
    settings.LMS_MEMBERSHIPS_EMBED_ORIGINS = ORIGINS


def test_the_card_says_what_it_is_and_leads_out_of_the_frame(client, embedded, membership):
    """V27"""
    page = client.get(card(membership)).content.decode()
    for words in (membership.title, "Everything in the", "€19.00 per month"):
        assert words in text(page).replace("\xa0", " "), words
    assert f'href="http://testserver{membership.get_absolute_url()}" target="_blank" rel="noopener"' in page
    assert "<script" not in page
    assert "<form" not in page


def test_only_the_sites_that_are_named_may_frame_it_and_it_loads_nothing(client, embedded, membership):
    """S54"""
    answer = client.get(card(membership))
    policy = answer.headers["Content-Security-Policy"]
    assert f"frame-ancestors {' '.join(ORIGINS)}" in policy
    assert "default-src 'none'" in policy
    assert "form-action 'none'" in policy
    assert "X-Frame-Options" not in answer.headers


def test_it_is_the_same_for_everybody_and_any_cache_may_keep_it(client_for, student, embedded, membership):
    """S54: no cookie is set or read, no session is opened, nothing of a member is on it."""
    from tests.flows.steps import buy

    browser = client_for(student)
    buy(browser, membership)
    mine, anybodys = browser.get(card(membership)), Client().get(card(membership))
    assert mine.content == anybodys.content
    for answer in (mine, anybodys):
        assert not answer.cookies
        assert "Cookie" not in answer.headers.get("Vary", "")
        assert answer.headers["Cache-Control"] == "public, max-age=300"
        assert student.email not in answer.content.decode()
        assert student.first_name not in answer.content.decode()


def test_nobodys_session_or_account_is_looked_up(client_for, student, embedded, membership):
    """S54"""

    def queries(browser: Client) -> list[str]:
        browser.get(card(membership))
        with CaptureQueriesContext(database) as captured:
            assert browser.get(card(membership)).status_code == 200
        return [query["sql"] for query in captured.captured_queries]

    assert len(queries(client_for(student))) == len(queries(Client()))
    assert not any("django_session" in sql or "auth_user" in sql for sql in queries(client_for(student)))


def test_it_speaks_the_language_of_its_texts_or_of_its_address(client, embedded, gateway, live_session):
    membership = publish(put_into(MembershipFactory(lang="fr"), live_session), gateway=gateway)
    assert '<html lang="fr"' in client.get(card(membership)).content.decode()
    english = client.get(card(membership), {"lang": "en"}, headers={"accept-language": "fr"})
    assert '<html lang="en"' in english.content.decode()
    assert english.headers["Content-Language"] == "en"
    assert '<html lang="fr"' in client.get(card(membership), {"lang": "xx"}).content.decode()


def test_what_is_sold_out_says_so(client, embedded, gateway, live_session, student):
    from lms_memberships.subscriptions import inviting
    from tests.flows.invitations import invite

    membership = publish(put_into(MembershipFactory(max_members=1), live_session), gateway=gateway)
    link, _address = invite(membership, free=True)
    assert "Sold out" not in text(client.get(card(membership)).content.decode())
    inviting.accept(student, link, language="en", now=link.created_at)
    assert "Sold out" in text(client.get(card(membership)).content.decode())


def test_without_a_site_that_may_there_is_no_card(client, membership):
    """S54: the default."""
    answer = client.get(card(membership))
    assert answer.status_code == 404
    assert answer.headers["X-Frame-Options"] == "DENY"


def test_of_what_is_not_on_sale_there_is_none(client, embedded, membership):
    """S26"""
    membership.unpublish()
    answer = client.get(card(membership))
    assert answer.status_code == 404
    assert answer.headers["X-Frame-Options"] == "DENY"


def test_a_membership_called_like_the_card_keeps_its_address(gateway, live_session):
    membership = MembershipFactory(title="Embed")
    assert membership.slug == "embed-2"


# ---------------------------------------------------------------- the setting
@pytest.mark.parametrize(
    "origin",
    [
        "owner.test",
        "https://owner.test/",
        "https://owner.test/shop",
        "https://a.test https://b.test",
        "https://a.test; script-src *",
        "*",
        "'self'",
        "https://",
        "https://owner.test\n",
        "javascript://owner.test",
        7,
    ],
)
def test_what_is_no_origin_is_named_by_a_check_and_lets_nobody_in(settings, origin):
    """S54"""
    settings.LMS_MEMBERSHIPS_EMBED_ORIGINS = [*ORIGINS, origin]
    found = checks.run_checks(tags=["lms_memberships"])
    assert [each.id for each in found if each.id == "lms_memberships.E020"] == ["lms_memberships.E020"]
    assert embedding.origins() == tuple(ORIGINS)


def test_one_text_in_place_of_a_list_is_named_too(settings):
    settings.LMS_MEMBERSHIPS_EMBED_ORIGINS = ORIGINS[0]
    assert "lms_memberships.E019" in {each.id for each in checks.run_checks(tags=["lms_memberships"])}
    assert embedding.origins() == ()


@pytest.mark.parametrize("origin", [*ORIGINS, "http://localhost:8000", "https://xn--bcher-kva.example"])
def test_origins_are_origins(settings, origin):
    settings.LMS_MEMBERSHIPS_EMBED_ORIGINS = [origin]
    assert not {"lms_memberships.E019", "lms_memberships.E020"} & {
        each.id for each in checks.run_checks(tags=["lms_memberships"])
    }
