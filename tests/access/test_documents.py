"""Who may download a document, and may a cache keep it?"""

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from wagtail import hooks
from wagtail.documents.models import Document

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
