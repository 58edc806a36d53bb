"""Where does the admin show the e-mail settings? Under Settings, with two addresses."""

from django.contrib.auth.models import Permission
from django.db.models import QuerySet
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.menu import MenuItem

from ..retrying import unwrapped
from . import desks
from .email_settings import AllOn, EmailSettings

PERMISSIONS = ("change_emailswitch",)


@hooks.register("register_admin_urls")
def email_settings_urls() -> list[URLPattern]:
    return unwrapped(
        [
            path("memberships/emails/", EmailSettings.as_view(), name="lms_memberships_email_settings"),
            path("memberships/emails/all-on/", AllOn.as_view(), name="lms_memberships_emails_all_on"),
        ]
    )


@hooks.register("register_permissions")
def email_settings_permission() -> QuerySet[Permission]:
    return desks.permissions(PERMISSIONS)


@hooks.register("register_settings_menu_item")
def email_settings_menu_item() -> MenuItem:
    return desks.DeskMenuItem(
        _("E-mail settings"),
        reverse("lms_memberships_email_settings"),
        needs=PERMISSIONS,
        name="lms-memberships-emails",
        icon_name="mail",
        order=810,
    )
