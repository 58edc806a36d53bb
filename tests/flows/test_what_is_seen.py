"""Who sees what is not on sale? Nobody: not by link, list, search, sitemap, data for other sites or preview (S26)."""

import re
from collections import deque
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from lms_memberships.models import Checkout, Membership, Price
from tests.factories import MembershipFactory, UserFactory, allow, publish, put_into
from tests.flows.steps import buy
from tests.wizard.conftest import Wizard

pytestmark = pytest.mark.django_db

CANARY = "Zirconium-canary"
WIZARD = Wizard()
#: Where a stranger starts; every link from there is followed.
DOORS = ("/", "/memberships/", "/live/", "/shop/", "/sitemap.xml", "/memberships/?q=canary", "/fr/")
#: Addresses that are guessed rather than found.
GUESSES = (
    "/memberships/{slug}/",
    "/memberships/{slug}/buy/",
    "/api/v2/pages/?search=canary",
    "/search/?q=canary",
    "/sitemap.xml",
)


def on_sale(gateway, thing) -> Membership:
    """The control: this one must be found."""
    return publish(_new(thing), gateway=gateway)


def draft(gateway, thing) -> Membership:
    membership = _new(thing)
    membership.save_revision()
    return membership


def scheduled(gateway, thing) -> Membership:
    membership = _new(thing)
    membership.go_live_at = timezone.now() + timedelta(hours=2)
    membership.save_revision().publish()
    return membership


def expired(gateway, thing) -> Membership:
    membership = publish(_new(thing), gateway=gateway)
    membership.unpublish(set_expired=True)
    return membership


def unpublished(gateway, thing) -> Membership:
    membership = publish(_new(thing), gateway=gateway)
    membership.unpublish()
    return membership


def waiting_for_stripe(gateway, thing) -> Membership:
    """Live, and its price is not confirmed."""
    membership = publish(_new(thing), gateway=gateway)
    Price.objects.filter(membership=membership).update(confirmed_at=None)
    return membership


def of_another_account(gateway, thing) -> Membership:
    """Live, its price confirmed in an account that is no longer connected."""
    membership = publish(_new(thing), gateway=gateway)
    Price.objects.filter(membership=membership).update(account="acct_before")
    return membership


NOT_SOLD = {
    each.__name__: each for each in (draft, scheduled, expired, unpublished, waiting_for_stripe, of_another_account)
}


def _new(thing) -> Membership:
    return put_into(MembershipFactory(title=CANARY, description=f"All about {CANARY}.", live=False), thing)


def crawl(browser: Client, membership: Membership) -> dict[str, str]:
    """Every page of the site that can be reached or guessed."""
    waiting = deque([*DOORS, *(guess.format(slug=membership.slug) for guess in GUESSES)])
    pages: dict[str, str] = {}
    while waiting and len(pages) < 120:
        address = waiting.popleft()
        if address in pages:
            continue
        answer = browser.get(address)
        pages[address] = answer.content.decode(errors="replace") if answer.status_code == 200 else ""
        links = re.findall(r'(?:href|content|<loc>)="?(?:http://testserver)?(/[^"#<]*)', pages[address])
        waiting.extend(link for link in links if not link.startswith(("/static/", "/accounts/logout", "/admin/")))
    return pages


def seen_in(pages: dict[str, str]) -> set[str]:
    """Where the canary sings; an echo of what was searched for is none."""
    return {address for address, page in pages.items() if CANARY in page}


def test_the_crawl_finds_what_is_on_sale(gateway, live_session):
    """S26, negative control: list, search and its own page."""
    membership = on_sale(gateway, live_session)
    pages = crawl(Client(), membership)
    assert len(pages) > 8
    assert {"/memberships/", "/memberships/?q=canary", f"/memberships/{membership.slug}/"} <= seen_in(pages)
    assert '"@type":"Offer"' in pages[f"/memberships/{membership.slug}/"].replace(" ", "")


@pytest.mark.parametrize("who", ["a stranger", "a student", "an editor of nothing"])
@pytest.mark.parametrize("state", NOT_SOLD)
def test_what_is_not_on_sale_is_nowhere(state, who, gateway, live_session, student, client_for):
    """S26, U25"""
    membership = NOT_SOLD[state](gateway, live_session)
    browsers = {"a stranger": Client, "a student": lambda: client_for(student)}
    nobody = allow(UserFactory())
    browser = browsers.get(who, lambda: client_for(nobody))()
    assert seen_in(crawl(browser, membership)) == set()
    detail = browser.get(f"/memberships/{membership.slug}/")
    assert detail.status_code == 404
    assert "ld+json" not in detail.content.decode()


@pytest.mark.parametrize("state", NOT_SOLD)
def test_what_is_not_on_sale_cannot_be_bought(state, gateway, live_session, student, client_for, sandbox):
    """S26, U25: neither by its page, nor by its form, nor by a form kept open since it was on sale."""
    membership = NOT_SOLD[state](gateway, live_session)
    browser = client_for(student)
    address = reverse("lms_memberships:buy", args=[membership.slug])
    assert browser.get(address).status_code == 404
    # A form kept open since it was on sale is told so on the list; what never was is not known at all.
    answer = browser.post(address)
    assert answer.status_code == 404 or (answer.status_code, answer["Location"]) == (
        303,
        reverse("lms_memberships:list"),
    )
    assert CANARY not in answer.content.decode()
    assert sandbox.store.all("checkout.session", account=sandbox.account_id) == []
    assert not Checkout.objects.exists()


@pytest.mark.parametrize(
    "name", ["preview_on_edit", "edit", "revisions_view", "revisions_compare", "revisions_revert", "preview_on_step"]
)
def test_previews_and_old_versions_ask_for_the_right_to_change(name, gateway, live_session, student, client_for):
    """S26: the canary is in them, for those who may."""
    membership = draft(gateway, live_session)
    membership.refresh_from_db()
    arguments = {
        "revisions_compare": [membership.pk, "earliest", "latest"],
        "revisions_revert": [membership.pk, membership.latest_revision_id],
        "revisions_view": [membership.pk, membership.latest_revision_id],
        "preview_on_step": [membership.pk, "publish"],
    }
    address = WIZARD.url(name, *arguments.get(name, [membership.pk]))
    for browser in (Client(), client_for(student), client_for(allow(UserFactory(), "add_membership"))):
        for answer in (browser.get(address), browser.post(address)):
            assert answer.status_code in (302, 403, 404, 405), address
            assert CANARY not in answer.content.decode()
    maker = client_for(allow(UserFactory(), "change_membership", "view_membership"))
    page = maker.get(address, follow=True)
    assert page.status_code == 200


def test_the_history_is_for_those_who_see_the_list(gateway, live_session, student, client_for):
    """S26"""
    address = WIZARD.url("history", draft(gateway, live_session).pk)
    for browser in (Client(), client_for(student), client_for(allow(UserFactory()))):
        answer = browser.get(address)
        assert answer.status_code in (302, 403)
        assert CANARY not in answer.content.decode()
    maker = client_for(allow(UserFactory(), "change_membership"))
    assert CANARY in maker.get(address).content.decode()


def test_who_holds_it_keeps_its_page_without_an_offer(gateway, live_session, student, client_for):
    """S26: taken from sale, it is still theirs; the page sells nothing to them or anybody."""
    membership = on_sale(gateway, live_session)
    browser = client_for(student)
    buy(browser, membership)
    membership.unpublish()
    page = browser.get(membership.get_absolute_url())
    assert page.status_code == 200
    assert "ld+json" not in page.content.decode()
    assert reverse("lms_memberships:buy", args=[membership.slug]) not in page.content.decode()
    assert Client().get(membership.get_absolute_url()).status_code == 404
