"""What do the lists of the admin have in common? How they are paged and searched, and who finds them in the menu."""

from collections.abc import Iterable

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db.models import QuerySet
from django.forms import Media
from django.http import HttpRequest
from django.utils.functional import Promise, cached_property
from wagtail.admin.menu import MenuItem
from wagtail.admin.staticfiles import versioned_static
from wagtail.admin.views.generic import IndexView
from wagtail.admin.widgets.button import HeaderButton

OURS = "lms_memberships"


def names_of(relation: str) -> list[str]:
    """To search people by: how they sign in and their address, of whatever model the site has for them (W17)."""
    model = get_user_model()
    return sorted({f"{relation}__{model.USERNAME_FIELD}", f"{relation}__{model.get_email_field_name()}"})


class NotExported(IndexView):
    """Wagtail's own export asks for no right of its own, and reads all rows where no column is named."""

    def setup(self, request: HttpRequest, *args: object, **kwargs: object) -> None:
        super().setup(request, *args, **kwargs)
        self.is_export = False


class Listing(NotExported):
    """Fifty a page, and constant in queries whatever the page holds.

    The database itself is searched: it finds parts of words, and no index can lag behind. A table that is wider than the
    screen moves inside of itself.
    """

    template_name = "lms_memberships/creator/listing.html"
    results_template_name = "lms_memberships/creator/listing_results.html"
    paginate_by = 50
    search_backend_name = None
    show_other_searches = False

    @cached_property
    def add_button(self) -> HeaderButton | None:
        """For whoever may make one, where one can be made."""
        may_add = self.add_url and self.permission_policy.user_has_permission(self.request.user, "add")
        return HeaderButton(self.add_item_label, url=self.add_url, icon_name="plus") if may_add else None

    def get_context_data(self, *args: object, **kwargs: object) -> dict:
        context = super().get_context_data(*args, **kwargs)
        context["media"] += Media(css={"all": [versioned_static("lms_memberships/creator/listing.css")]})
        return context


class DeskMenuItem(MenuItem):
    """In the menu of whoever has one of these permissions of ours, named as ``permissions`` names them."""

    def __init__(
        self, label: str | Promise, url: str | Promise, *, needs: Iterable[str], name: str, icon_name: str, order: int
    ) -> None:
        super().__init__(label, url, name=name, icon_name=icon_name, order=order)
        self.needs = tuple(needs)

    def is_shown(self, request: HttpRequest) -> bool:
        return any(request.user.has_perm(f"{OURS}.{name}") for name in self.needs)


def permissions(names: Iterable[str]) -> QuerySet[Permission]:
    """Of ours, by their names: what the page of a group offers."""
    return Permission.objects.filter(content_type__app_label=OURS, codename__in=names)
