"""What do the tests of doors share? A course that is sold, and the site with every surface."""

import pytest
from django.test import Client

from tests.access import school


@pytest.fixture
def every_surface(settings):
    settings.ROOT_URLCONF = "tests.access.urls"


@pytest.fixture
def course(db):
    return school.course()


@pytest.fixture
def lesson(course):
    return school.lesson(course)


@pytest.fixture
def gold(course, lesson, now):
    return school.sold(course, now=now)


@pytest.fixture
def visitor():
    return Client()
