"""Who may download a document, and may a cache keep it?"""

from contextlib import contextmanager
from datetime import timedelta
from functools import cache

import pytest
from django.core.files.base import ContentFile
from wagtail import hooks
from wagtail.documents.models import Document
from wagtail.models import Collection, ReferenceIndex

from lms_memberships.access import fence
from lms_memberships.access.checks import documents_pass_the_door
from lms_memberships.access.documents import document_door
from lms_memberships.bundles import catalogue, registry
from lms_memberships.bundles.registry import BundleItemType
from tests.access import school

pytestmark = pytest.mark.django_db


class DocumentType(BundleItemType):
    kind = "document"
    label = label_plural = "documents"
    model = Document


@pytest.fixture
def document(db, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    }
    registry.item_types.cache_clear()
    with hooks.register_temporarily(registry.HOOK, lambda: [DocumentType]):
        registry.item_types.cache_clear()
        made = Document.objects.create(title="Glaze recipes", file=ContentFile(b"secret glaze", name="recipes.txt"))
        catalogue.sync(made)
        yield made
    registry.item_types.cache_clear()


def test_a_document_in_no_membership_is_served_as_before(document, visitor):
    response = visitor.get(document.url)
    assert response.status_code == 200
    assert "no-store" not in response.get("Cache-Control", "")


def test_a_sold_document_is_for_members_only_and_not_cached(document, visitor, student, client_for, now):
    """S29, X3"""
    membership = school.sold(document, now=now)
    for stranger in (visitor, client_for(student)):
        response = stranger.get(document.url)
        assert response.status_code == 403
        assert b"secret" not in response.content
    school.subscribe(student, membership, until=now + timedelta(days=1))
    response = client_for(student).get(document.url)
    assert b"".join(response.streaming_content) == b"secret glaze"
    assert response["Cache-Control"] == "private, no-store"
    again = client_for(student).get(document.url, headers={"if-none-match": response.get("ETag", '"x"')})
    assert again.status_code == 304
    assert again["Cache-Control"] == "private, no-store"
    assert visitor.get(document.url, headers={"if-none-match": response.get("ETag", '"x"')}).status_code == 403


# ------------------------------------------------------------------ documents that are sold by the pages that show them


@pytest.fixture
def shown(document, course, lesson, settings):
    """Of no registered kind, and linked in a lesson of the course."""
    registry.item_types.cache_clear()
    with without_documents():
        link = f'<p><a linktype="document" id="{document.pk}">Recipes</a></p>'
        type(lesson).objects.filter(pk=lesson.pk).update(intro=link)
        ReferenceIndex.create_or_update_for_object(type(lesson).objects.get(pk=lesson.pk))
        yield document
    registry.item_types.cache_clear()


@contextmanager
def without_documents():
    kept = registry.item_types
    kinds = {name: kind for name, kind in kept().items() if name != "document"}
    registry.item_types = cache(lambda: kinds)
    try:
        yield
    finally:
        registry.item_types = kept


def body(response) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def test_what_only_members_pages_link_is_for_members(shown, course, lesson, visitor, student, client_for, now):
    """S29: by the pages that show it; and as soon as an open page shows it too, it is open."""
    assert body(visitor.get(shown.url)) == b"secret glaze"
    membership = school.sold(course, now=now)
    assert visitor.get(shown.url).status_code == 403
    subscription = school.subscribe(student, membership, until=now + timedelta(days=1))
    member = client_for(student)
    opened = member.get(shown.url, headers={"range": "bytes=0-5"})
    assert body(opened).startswith(b"secret")
    assert opened["Cache-Control"] == "private, no-store"
    type(subscription).objects.update(access_until=now)
    etag = opened.get("ETag", '"x"')
    for conditional in ({}, {"range": "bytes=0-5"}, {"if-none-match": etag}):
        assert member.get(shown.url, headers=conditional).status_code == 403
    assert visitor.head(shown.url).status_code == 403
    free = school.course("Free")
    type(free).objects.filter(pk=free.pk).update(description=f'<a linktype="document" id="{shown.pk}">Recipes</a>')
    ReferenceIndex.create_or_update_for_object(type(free).objects.get(pk=free.pk))
    assert visitor.get(shown.url).status_code == 200


def test_a_fenced_collection_is_closed_unless_a_members_page_shows_it(
    shown, course, lesson, visitor, student, client_for, admin, now
):
    """S29: unknown means closed; the collection's listing in the API is closed with it."""
    membership = school.sold(course, now=now)
    collection = Collection.get_first_root_node().add_child(name="Members' files")
    fence.fence_collection(collection)
    Document.objects.filter(pk=shown.pk).update(collection=collection)
    loose = Document.objects.create(title="L", file=ContentFile(b"loose", name="loose.txt"), collection=collection)
    school.subscribe(student, membership, until=now + timedelta(days=1))
    assert client_for(student).get(shown.url).status_code == 200
    assert client_for(student).get(loose.url).status_code == 403
    assert visitor.get(loose.url).status_code == 403
    assert client_for(admin).get(loose.url).status_code == 200
    type(lesson).objects.filter(pk=lesson.pk).update(live=False)
    assert client_for(student).get(shown.url).status_code == 403


def test_without_the_door_the_linked_document_is_open(shown, course, visitor, now, monkeypatch):
    """S29, negative control."""
    school.sold(course, now=now)
    doors = [(fn, order) for fn, order in hooks._hooks["before_serve_document"] if fn is not document_door]
    monkeypatch.setitem(hooks._hooks, "before_serve_document", doors)
    assert body(visitor.get(shown.url)) == b"secret glaze"


@pytest.mark.parametrize("method", ["direct", "redirect"])
def test_serving_past_the_door_is_an_error_where_documents_are_sold(document, settings, method):
    """S29"""
    assert list(documents_pass_the_door()) == []
    settings.WAGTAILDOCS_SERVE_METHOD = method
    assert [found.id for found in documents_pass_the_door()] == ["lms_memberships.E040"]
    with without_documents():
        assert [found.id for found in documents_pass_the_door()] == ["lms_memberships.W041"]
