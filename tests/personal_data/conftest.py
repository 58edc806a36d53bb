"""What do the tests about personal data share? Somebody who bought, with traces of their name all over the place."""

import pytest

from lms_memberships.emails.catalogue import EmailKind
from lms_memberships.models import EmailSwitch
from tests.flows.steps import buy

NAME = "Ada Lind"
ADDRESS = "student@school.test"
PASSWORD = "glaze-and-kiln"


@pytest.fixture
def every_email_is_on(db) -> None:
    for kind in EmailKind:
        EmailSwitch.objects.update_or_create(kind=kind.value, membership=None, defaults={"is_on": True})


@pytest.fixture
def browser(client_for, student):
    student.set_password(PASSWORD)
    student.save()
    return client_for(student)


@pytest.fixture
def member(every_email_is_on, membership, browser, student, postman):
    """Has paid, and every webhook has come."""
    buy(browser, membership)
    postman.deliver()
    return student
