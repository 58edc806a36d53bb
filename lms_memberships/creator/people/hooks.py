"""Where does the admin show people? Under Marketing, to whoever may see them; and one click from each membership."""

from collections.abc import Iterator

from django.contrib.auth.models import AbstractBaseUser, Permission
from django.db.models import Model, QuerySet
from django.urls import URLPattern, path, reverse
from wagtail import hooks
from wagtail.admin.menu import MenuItem
from wagtail.admin.widgets.button import Button

from ...memberships.models import Membership
from ...retrying import unwrapped
from .. import desks
from . import acting, done, exporting, jobs, views

BASE = "memberships/people/"
SEES = "view_subscription"
PERMISSIONS = (SEES, "export_people", "end_subscription", "give_access")


@hooks.register("register_admin_urls")
def people_urls() -> list[URLPattern]:
    return unwrapped(
        [
            path(BASE, views.PeopleIndex.as_view(), name=views.LIST),
            path(f"{BASE}results/", views.PeopleIndex.as_view(results_only=True), name=views.RESULTS),
            path(f"{BASE}export/", exporting.export, name=views.EXPORT),
            path(f"{BASE}exports/<uuid:uuid>/", exporting.exported, name=views.EXPORTED),
            path(f"{BASE}exports/<uuid:uuid>/file/", exporting.fetch, name=views.FILE),
            path(f"{BASE}done/", done.DoneForMany.as_view(), name=views.DONE),
            path(f"{BASE}do/<str:kind>/", acting.Act.as_view(), name=views.ACT),
            path(f"{BASE}jobs/<int:pk>/", jobs.JobPeople.as_view(), name=views.JOB),
            path(f"{BASE}jobs/<int:pk>/results/", jobs.JobPeople.as_view(results_only=True), name=views.JOB_RESULTS),
            path(f"{BASE}jobs/<int:pk>/confirm/", jobs.confirm, name=views.CONFIRM),
            path(f"{BASE}jobs/<int:pk>/stop/", jobs.stop, name=views.STOP),
            path(f"{BASE}jobs/<int:pk>/again/", jobs.try_again, name=views.AGAIN),
        ]
    )


@hooks.register("register_permissions")
def people_permissions() -> QuerySet[Permission]:
    return desks.permissions(PERMISSIONS)


@hooks.register("register_marketing_menu_item")
def people_menu_item() -> MenuItem:
    return desks.DeskMenuItem(
        views.PeopleIndex.page_title,
        reverse(views.LIST),
        needs=[SEES],
        name="lms-memberships-people",
        icon_name="group",
        order=890,
    )


@hooks.register("register_snippet_listing_buttons")
def people_button(snippet: Model, user: AbstractBaseUser, next_url: str | None = None) -> Iterator[Button]:
    """From the list of memberships to the people of one."""
    if isinstance(snippet, Membership) and user.has_perm(f"{desks.OURS}.{SEES}"):
        yield Button(views.PeopleIndex.page_title, views.people_url(snippet), icon_name="group", priority=15)
