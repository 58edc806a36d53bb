"""Whose account is there, and of whom does only a row stay? Asked of one, and by queries, whatever a site's user model has (K7)."""

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import FieldDoesNotExist
from django.db.models import CharField, Q, Value
from django.db.models.functions import Cast, Concat

from ..payments.customers import email_of

#: What a deleted account is called, before its number.
TOMBSTONE = "erased-"


def is_forgotten(user: AbstractBaseUser) -> bool:
    """A tombstone: the row of somebody whose account was deleted (K7). ``forgotten`` asks the same of many."""
    if not user.is_active and not email_of(user):
        return True
    # Where people sign in with their address, or it must be unique, it cannot be empty.
    return not (is_column("is_active") and user.is_active) and user.get_username() == name_of(user.pk)


def forgotten(prefix: str = "") -> Q:
    """The same question, of a query: of users, or of what belongs to them by that prefix. No other table is asked."""
    model = get_user_model()
    is_named_so = Concat(Value(TOMBSTONE), Cast(f"{prefix}pk", CharField()))
    found = Q(**{f"{prefix}{model.USERNAME_FIELD}": is_named_so})
    if not is_column("is_active"):
        return found
    if is_column(model.get_email_field_name()):
        found = Q(**{f"{prefix}{model.get_email_field_name()}": ""}) | found
    # First, so that the name of nobody who is active has to be put together.
    return Q(**{f"{prefix}is_active": False}) & found


def present(prefix: str = "") -> Q:
    """Who can come in: active, where the site's user model knows of that; else whoever is not forgotten."""
    return Q(**{f"{prefix}is_active": True}) if is_column("is_active") else ~forgotten(prefix)


def name_of(pk: int) -> str:
    """Says nothing but its number."""
    return f"{TOMBSTONE}{pk}"


def is_column(name: str) -> bool:
    """Whether the site's user model keeps this in the database."""
    try:
        return bool(get_user_model()._meta.get_field(name).concrete)
    except FieldDoesNotExist:
        return False
