"""Does the site know by what its mail leaves, on every Django and with either setting?"""

import warnings

import django
import pytest

from lms_memberships import outgoing
from lms_memberships.payments import premises

CONSOLE = "django.core.mail.backends.console.EmailBackend"
new_django = pytest.mark.skipif(django.VERSION < (6, 1), reason="MAILERS came with Django 6.1")


def test_the_setting_that_all_have(settings):
    """Read without a warning to whoever runs the site, the first time and later, and again when it changes."""
    settings.EMAIL_BACKEND = CONSOLE
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [outgoing.backend(), outgoing.backend()] == [CONSOLE, CONSOLE]
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    assert outgoing.backend().endswith("dummy.EmailBackend")


@new_django
@pytest.mark.parametrize(
    ("mailers", "backend"),
    [({"default": {"BACKEND": CONSOLE}}, CONSOLE), ({"default": {}}, outgoing.SMTP), ({}, outgoing.SMTP)],
)
@pytest.mark.django_db
def test_the_setting_of_new_projects(settings, mailers, backend):
    """With it, Django answers the older one with an error: no call to Stripe may stumble over that."""
    del settings.EMAIL_BACKEND
    settings.MAILERS = mailers
    assert outgoing.backend() == backend
    assert not premises.is_frozen()


@pytest.mark.skipif(django.VERSION >= (6, 1), reason="an older Django knows no such setting")
def test_a_name_that_an_older_django_does_not_know_means_nothing(settings):
    settings.EMAIL_BACKEND = CONSOLE
    settings.MAILERS = {"default": {"BACKEND": "nobody.reads.this"}}
    assert outgoing.backend() == CONSOLE
