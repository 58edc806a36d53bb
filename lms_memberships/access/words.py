"""Which types do the signatures of access name? Real ones for the type checker; at run time a site may swap them."""

from typing import TYPE_CHECKING

from django.db.models import Model

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractUser, AnonymousUser
    from wagtail.models import Page  # noqa: TID251 - the type only; the class comes from swapper

    Person = AbstractUser | AnonymousUser
    PageOrAlias = Page
else:
    Person = Model
    PageOrAlias = Model

__all__ = ["PageOrAlias", "Person"]
