"""Does the catalogue follow the site, and protect what is sold?"""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db.models import ProtectedError
from wagtail import hooks
from wagtail.models import ReferenceIndex

from lms_memberships.bundles import BundleItemType, catalogue, registry
from lms_memberships.bundles.languages import in_language
from lms_memberships.models import Item
from tests.factories import MembershipFactory, put_into

pytestmark = pytest.mark.django_db


def test_a_new_thing_gets_its_row_and_a_change_reaches_it(live_session):
    """U5."""
    assert catalogue.item_for(live_session).title == "Glazing evening"
    live_session.title = "Glazing night"
    live_session.save()
    assert catalogue.item_for(live_session).title == "Glazing night"
    assert Item.objects.filter(kind="live_session").count() == 1


def test_a_thing_that_goes_takes_its_row_along(live_session):
    live_session.delete()
    assert not Item.objects.exists()


def test_a_thing_that_is_sold_cannot_be_deleted(live_session):
    put_into(MembershipFactory(), live_session)
    with pytest.raises(ProtectedError):
        catalogue.item_for(live_session).delete()


def test_rebuilding_restores_what_a_bulk_import_left_out(live_session):
    Item.objects.all().delete()
    assert catalogue.rebuild() >= 1
    assert catalogue.item_for(live_session) is not None


def test_the_usage_page_of_a_thing_names_the_membership(live_session):
    membership = put_into(MembershipFactory(), live_session)
    users = ReferenceIndex.get_references_to(live_session)
    assert str(membership.pk) in users.values_list("object_id", flat=True)


def test_two_kinds_with_one_name_are_refused(live_session):
    class Twin(BundleItemType):
        kind = "live_session"
        label = label_plural = "Twin"
        model = Item

    registry.item_types.cache_clear()
    registering = hooks.register_temporarily("register_bundle_item_types", lambda: [Twin])
    with registering, pytest.raises(ImproperlyConfigured):
        registry.item_types()
    registry.item_types.cache_clear()


def test_of_a_page_and_its_translation_the_reader_sees_one(db):
    """X26: the bundle holds both, a card counts one course."""
    from wagtail.models import Locale, Page

    english, french = Locale.get_default(), Locale.objects.get_or_create(language_code="fr")[0]
    page = Page(title="Wheel", locale=english, path="00010009", depth=2)
    translation = Page(title="Tour", locale=french, translation_key=page.translation_key, path="00010010", depth=2)
    page.pk, translation.pk = 901, 902
    items = [Item(pk=1, title="Wheel", page=page), Item(pk=2, title="Tour", page=translation), Item(pk=3, title="Book")]
    assert [item.title for item in in_language(items, "fr")] == ["Tour", "Book"]
    assert [item.title for item in in_language(items, "en-gb")] == ["Wheel", "Book"]
    assert [item.title for item in in_language(items, "de")] == ["Wheel", "Book"]


def test_an_existing_site_finds_its_things_after_migrating(live_session):
    """U5, U21: installed into a site that has courses already."""
    Item.objects.all().delete()
    call_command("migrate", verbosity=0)
    assert catalogue.item_for(live_session) is not None


def test_a_page_has_its_address_without_a_type_saying_so(db):
    from wagtail.models import Page

    class PageType(BundleItemType):
        kind = "page"
        label = label_plural = "Page"
        model = Page

    root = Page.objects.get(depth=2)
    assert PageType().url(root) == root.get_url()
    assert PageType().url(root).endswith("/")
