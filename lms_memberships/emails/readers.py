"""Who reads an e-mail, at which address, and in which language?"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import models

from .. import conf
from ..subscriptions import tombstones
from ..subscriptions.models import Subscription


@dataclass(frozen=True)
class Recipient:
    """Somebody to write to, in which language."""

    email: str
    language: str


def of_student(subscription: Subscription) -> Iterator[Recipient]:
    """Whose subscription it is, in the language in which they bought."""
    if subscription.user.email:
        yield Recipient(subscription.user.email, subscription.language or settings.LANGUAGE_CODE)


def of_admins() -> Iterator[Recipient]:
    """Who hears of sales: those of the setting, or else whoever may publish memberships."""
    if conf.ADMIN_EMAILS:
        return (Recipient(email, settings.LANGUAGE_CODE) for email in conf.ADMIN_EMAILS)
    return (Recipient(user.email, _admin_language(user)) for user in _publishers() if user.email)


def _publishers() -> models.QuerySet:
    users = get_user_model()._default_manager.with_perm(
        "lms_memberships.publish_membership",
        backend="django.contrib.auth.backends.ModelBackend",
        # Django's documented "either", for which its types have no word. A site's model may have no such column.
        is_active=None,  # type: ignore[arg-type]
    )
    return users.filter(tombstones.present()).select_related("wagtail_userprofile").order_by("pk")


def _admin_language(user: models.Model) -> str:
    profile = getattr(user, "wagtail_userprofile", None)
    return (profile and profile.preferred_language) or settings.LANGUAGE_CODE
