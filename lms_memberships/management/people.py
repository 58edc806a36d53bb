"""Who is meant on the command line? By user name, or by an address that only one person has."""

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.core.management.base import CommandError


def find_person(name: str) -> AbstractBaseUser:
    """The one person of that name or address; also one who is not active any more."""
    model = get_user_model()
    by_name = model._base_manager.filter(**{model.USERNAME_FIELD: name}).first()
    if by_name is not None:
        return by_name
    by_address = list(model._base_manager.filter(**{f"{model.get_email_field_name()}__iexact": name})[:2])
    if len(by_address) != 1:
        msg = f"{len(by_address) or 'No'} people are called {name!r}"
        raise CommandError(msg)
    return by_address[0]
