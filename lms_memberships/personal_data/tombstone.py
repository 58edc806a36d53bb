"""What stays of somebody who is forgotten? A user's row without a name, so that invoices still belong to one person (K7)."""

from collections.abc import Callable
from importlib import import_module

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AbstractBaseUser
from django.db import models

from ..subscriptions import tombstones

#: Text fields of a user that say nothing about the person, or are set on their own.
NOT_TEXT = frozenset({"password"})
#: Who may do what, and what they may come in with.
RIGHTS = ("is_active", "is_staff", "is_superuser")
#: Tables of others that repeat a person's address or picture and mean nothing without it: by model, the user's field.
OTHERS = {
    "account.emailaddress": "user",
    "socialaccount.socialaccount": "user",
    "wagtailusers.userprofile": "user",
}


def erase_user(user: AbstractBaseUser) -> list[str]:
    """Empty the row and all that opens the site for it. Returns the names of the fields that were emptied."""
    emptied = [field.name for field in user._meta.concrete_fields if _empty(user, field)]
    for right in RIGHTS:
        if hasattr(user, right):
            setattr(user, right, False)
    setattr(user, get_user_model().USERNAME_FIELD, name_of(user.pk))
    user.password = make_password(None)
    user.save()
    for relation in ("groups", "user_permissions"):
        if hasattr(user, relation):
            getattr(user, relation).clear()
    _end_sessions(user.pk)
    for label, field in OTHERS.items():
        if apps.is_installed(_app_of(label)):
            _delete(apps.get_model(label)._default_manager.filter(**{field: user.pk}))
    return sorted(emptied)


def name_of(pk: int) -> str:
    """What a tombstone is called, and known by."""
    return tombstones.name_of(pk)


def _empty(user: AbstractBaseUser, field: models.Field) -> bool:
    if field.primary_key or field.is_relation or field.name in NOT_TEXT or field.choices:
        return False
    make = next((make for kind, make in EMPTY if isinstance(field, kind)), None)
    if make is None or not field.value_from_object(user):
        return False
    setattr(user, field.name, make(field, user))
    return True


def _empty_text(field: models.Field, user: AbstractBaseUser) -> str | None:
    if field.null:
        return None
    # What must be unique cannot be empty twice.
    if field.unique:
        name = name_of(user.pk)
        return f"{name}@erased.invalid" if isinstance(field, models.EmailField) else name
    return ""


def _empty_file(field: models.Field, user: AbstractBaseUser) -> str:
    getattr(user, field.name).delete(save=False)
    return ""


def _unknown_day(field: models.Field, user: AbstractBaseUser) -> object:
    # The day somebody joined is a fact of bookkeeping and cannot be empty.
    return None if field.null else field.value_from_object(user)


#: Text is emptied, a file deleted, a day (of birth, of the last visit) unknown.
EMPTY: tuple[tuple[type[models.Field], Callable[[models.Field, AbstractBaseUser], object]], ...] = (
    (models.FileField, _empty_file),
    (models.CharField, _empty_text),
    (models.TextField, _empty_text),
    (models.GenericIPAddressField, _empty_text),
    (models.JSONField, lambda field, user: None if field.null else field.get_default()),
    (models.DateField, _unknown_day),
)


def _end_sessions(pk: int) -> None:
    """A changed password ends them all; those in the database also hold addresses, and go."""
    if not apps.is_installed("django.contrib.sessions"):
        return
    store = import_module(settings.SESSION_ENGINE).SessionStore
    sessions = apps.get_model("sessions.session")._default_manager
    for session in sessions.iterator(chunk_size=500):
        if store().decode(session.session_data).get("_auth_user_id") == str(pk):
            session.delete()


def _app_of(label: str) -> str:
    app = label.partition(".")[0]
    return next((config.name for config in apps.get_app_configs() if config.label == app), app)


def _delete(rows: models.QuerySet) -> None:
    for row in rows:
        for field in row._meta.concrete_fields:
            if isinstance(field, models.FileField) and getattr(row, field.name):
                getattr(row, field.name).delete(save=False)
        row.delete()
