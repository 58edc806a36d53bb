"""Which rows of the catalogue may an editor see? What every visitor may, and what their own rights in the admin show."""

import swapper
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import Q, QuerySet
from wagtail.models import PageViewRestriction
from wagtail.permission_policies import ModelPermissionPolicy
from wagtail.permission_policies.pages import PagePermissionPolicy

from ..bundles.models import Item
from ..bundles.registry import item_types
from .fence import GROUP_NAMES

Person = AbstractBaseUser | AnonymousUser
#: Any one of them lets somebody look into a model's listing.
SEEING = ("view", "add", "change", "delete", "publish")

swapper.set_app_prefix("wagtailcore", "wagtail")


def visible_to(person: Person | None) -> QuerySet[Item]:
    """The one queryset for the table, its search and what a form accepts (S25).

    A title that the site shows to everybody is no secret. A draft, and a page that somebody closed by other means
    than a membership, is shown to those who can find it in the admin by themselves.
    """
    everything = Item.objects.filter(kind__in=list(item_types()))
    if person is None or not person.is_authenticated:
        return everything.none()
    if getattr(person, "is_superuser", False):
        return everything
    return everything.filter(_public() | _own_pages(person) | Q(kind__in=_open_kinds(person)))


def _public() -> Q:
    closed = Q(pk__in=[])
    restrictions = PageViewRestriction.objects.exclude(groups__name__in=GROUP_NAMES)
    for path in restrictions.values_list("page__path", flat=True):
        closed |= Q(page__path__startswith=path)
    return Q(live=True) & ~closed


def _own_pages(person: Person) -> Q:
    return Q(page__in=PagePermissionPolicy().explorable_instances(person).values("pk"))


def _open_kinds(person: Person) -> list[str]:
    page = swapper.load_model("wagtailcore", "Page")
    return [
        kind
        for kind, item_type in item_types().items()
        if not issubclass(item_type.model, page)
        and ModelPermissionPolicy(item_type.model).user_has_any_permission(person, SEEING)
    ]
