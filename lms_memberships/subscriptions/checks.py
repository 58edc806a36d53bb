"""Can what people hold be kept for the users of this site? For Django's system checks."""

from collections.abc import Iterator

from django.contrib.auth import get_user_model
from django.core import checks
from django.db import models


def people_have_numbers() -> Iterator[checks.CheckMessage]:
    """The addresses of people's pages, merges and what is noted of them hold a number."""
    key = get_user_model()._meta.pk
    # Where the user model inherits from another, its key is that one's.
    while isinstance(key, models.ForeignKey):
        key = key.target_field
    if not isinstance(key, models.IntegerField):
        yield checks.Error(
            f"The primary key of {get_user_model()._meta.label} is no whole number.",
            hint="The list of people, a person's page and merging accounts work with whole numbers only.",
            id="lms_memberships.E060",
        )
