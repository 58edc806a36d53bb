"""What do the school's tests share? The seeded school, made once for all of a module."""

from collections.abc import Iterator

import pytest
from django.db import transaction
from django.utils import timezone

from example_site.seed.school import seed_school


@pytest.fixture(scope="module")
def seeded(django_db_setup, django_db_blocker) -> Iterator[None]:
    with django_db_blocker.unblock(), transaction.atomic():
        seed_school(now=timezone.now())
        yield
        transaction.set_rollback(True)


@pytest.fixture
def school(seeded, db) -> None:
    """Pages in both languages, sessions, products and people; what a test changes is undone."""


@pytest.fixture
def in_the_demo(settings, tmp_path) -> None:
    settings.DEMO = True
    settings.DEMO_STATE = tmp_path
    settings.LMS_MEMBERSHIPS_STRIPE_API_BASE = ""
