"""What do the tests of leaks share? The planted site, with bodies in every API and index that could hold them."""

from collections.abc import Iterator
from copy import deepcopy

import pytest
from django.db import transaction
from django.test import override_settings
from django.utils import timezone
from wagtail.api import APIField
from wagtail.search import index
from wagtail_lms.models import CoursePage, H5PLessonPage, SCORMLessonPage

from tests.leaks import planting

BODIES = {CoursePage: ("description",), H5PLessonPage: ("intro", "body"), SCORMLessonPage: ("intro",)}


@pytest.fixture(scope="module")
def planted(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[planting.Garden]:
    """Once for a file of tests, for it takes seconds: each of them works in a savepoint of this transaction."""
    files = {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    static = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    with (
        override_settings(
            MEDIA_ROOT=tmp_path_factory.mktemp("media"),
            STORAGES={"default": files, "staticfiles": static},
            WAGTAILIMAGES_EXTENSIONS=["svg", "png"],
            ROOT_URLCONF="tests.leaks.urls",
        ),
        pytest.MonkeyPatch.context() as patch,
        django_db_blocker.unblock(),
        transaction.atomic(),
    ):
        _be_careless(patch)
        # As Django's own TestCase says of the transaction that it wraps around a test.
        transaction.get_connection().atomic_blocks[-1]._from_testcase = True
        garden = planting.plant(timezone.now())
        with django_db_blocker.block():
            yield garden
        transaction.set_rollback(True)


def _be_careless(patch: pytest.MonkeyPatch) -> None:
    """A site that puts whole bodies into the API and into the search index."""
    for model, names in BODIES.items():
        patch.setattr(model, "api_fields", [APIField(name) for name in names], raising=False)
        patch.setattr(model, "search_fields", [*model.search_fields, *(index.SearchField(name) for name in names)])


@pytest.fixture
def garden(planted, db) -> planting.Garden:
    """A copy: what a test changes is its own."""
    return deepcopy(planted)
