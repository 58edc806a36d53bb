"""Step 2: can things be found, ticked, and kept while one searches and turns pages?"""

from django.urls import reverse
from django.utils.text import capfirst

from lms_memberships.bundles.registry import item_types
from lms_memberships.models import Item
from tests.factories import allow

from .conftest import make_sessions, version_of


def bundle_of(membership) -> list[int]:
    return [row.item_id for row in version_of(membership).bundle_items.all()]


def test_every_kind_is_listed_with_checkboxes(browser, draft, sessions, wizard):
    """U4, U5, U6, U21, U22, U23"""
    page = browser.get(wizard.step(draft, "bundle")).content.decode()
    for item_type in item_types().values():
        assert f'{capfirst(str(item_type.label_plural))} <span class="lms-bundle__total">' in page
    for item in sessions:
        assert f'value="{item.pk}"' in page
    assert page.count(" checked>") == 2
    assert 'name="action-next"' in page


def test_next_needs_at_least_one(browser, draft, wizard):
    """U21, U23"""
    answer = browser.post(wizard.step(draft, "bundle"), {"action-next": "1"})
    assert "at least one" in answer.content.decode()
    assert len(bundle_of(draft)) == 2


def test_next_saves_the_choice_and_leads_to_the_third_step(browser, draft, sessions, wizard):
    """U21, U22, U23"""
    chosen = [sessions[2].pk, sessions[0].pk]
    answer = browser.post(wizard.step(draft, "bundle"), {"bundle": chosen, "action-next": "1"})
    assert answer.headers["Location"] == wizard.step(draft, "publish")
    # What was there keeps its place; what is new follows.
    assert bundle_of(draft) == [sessions[0].pk, sessions[2].pk]


def test_a_page_is_turned_by_the_server_and_ticks_are_kept(browser, draft, wizard):
    """U21"""
    many = make_sessions(60, start=100)
    url = wizard.step(draft, "bundle")
    answer = browser.post(url, {"bundle": [many[55].pk], "action-browse": "live_session:3"}, follow=True)
    page = answer.content.decode()
    assert "Page 3 of 3" in page
    assert f'<input type="hidden" name="bundle" value="{many[55].pk}">' in page
    assert bundle_of(draft) == [many[55].pk]
    # Chosen ones come first, on the first page.
    first = browser.get(url).content.decode()
    assert first.index(f'value="{many[55].pk}"') < first.index("Evening 000")


def test_searching_narrows_in_the_database_and_keeps_what_was_ticked(browser, draft, sessions, wizard):
    """U21, U22"""
    make_sessions(3, start=200)
    answer = browser.post(
        wizard.step(draft, "bundle"),
        {"bundle": [sessions[1].pk], "bundle_search": "evening 201", "action-browse": "find"},
        follow=True,
    )
    page = answer.content.decode()
    assert "Evening 201" in page
    assert "Evening 200" not in page
    assert f'<input type="hidden" name="bundle" value="{sessions[1].pk}">' in page
    assert bundle_of(draft) == [sessions[1].pk]


def test_a_search_without_result_says_so(browser, draft, wizard):
    """U21"""
    page = browser.get(wizard.step(draft, "bundle") + "?bundle_search=zzz").content.decode()
    assert "Nothing here matches “zzz”" in page


def test_a_page_past_the_end_shows_the_first(browser, draft, sessions, wizard):
    """U21"""
    page = browser.get(wizard.step(draft, "bundle") + "?bundle_page_live_session=99").content.decode()
    assert sessions[0].title in page


def test_an_empty_kind_offers_to_create_the_first_one(admin, gateway, client_for, draft, wizard):
    """U6, U22"""
    from example_site.models import DigitalProduct

    page = client_for(admin).get(wizard.step(draft, "bundle")).content.decode()
    assert "There are none yet." in page
    assert reverse(DigitalProduct.snippet_viewset.get_url_name("add")) in page


def test_what_is_not_published_is_marked(browser, creator, draft, sessions, wizard):
    """U21"""
    allow(creator, "change_livesession")
    Item.objects.filter(pk=sessions[0].pk).update(live=False)
    page = browser.get(wizard.step(draft, "bundle")).content.decode()
    assert page.count("Draft: not open to students yet") == 1


def test_unknown_items_are_not_bundled(browser, draft, sessions, wizard):
    """S24, H8"""
    browser.post(wizard.step(draft, "bundle"), {"bundle": [sessions[0].pk, 999_999, "x"], "action-next": "1"})
    assert bundle_of(draft) == [sessions[0].pk]
    Item.objects.filter(pk=sessions[2].pk).update(kind="unregistered")
    browser.post(wizard.step(draft, "bundle"), {"bundle": [sessions[0].pk, sessions[2].pk], "action-next": "1"})
    assert bundle_of(draft) == [sessions[0].pk]


def test_the_live_bundle_is_untouched_until_it_is_published(browser, draft, sessions, wizard):
    """U28"""
    browser.post(wizard.step(draft, "publish"), wizard.finish())
    browser.post(wizard.step(draft, "bundle"), {"bundle": [sessions[2].pk]})
    draft.refresh_from_db()
    assert draft.live
    assert draft.bundle_items.count() == 2
    assert bundle_of(draft) == [sessions[2].pk]


def test_an_item_that_was_deleted_leaves_the_draft_and_breaks_nothing(browser, draft, sessions, wizard):
    """U21, X19"""
    browser.post(wizard.step(draft, "bundle"), {"bundle": [sessions[0].pk, sessions[2].pk]})
    draft.bundle_items.filter(item=sessions[2]).delete()
    Item.objects.filter(pk=sessions[2].pk).delete()
    assert browser.get(wizard.step(draft, "bundle")).status_code == 200
    assert bundle_of(draft) == [sessions[0].pk]
