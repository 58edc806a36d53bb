"""Where does the admin show the e-mail settings? Under Settings, with two addresses."""

from django.contrib.auth.models import Permission
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.menu import MenuItem

from .email_settings import AllOn, EmailSettings


@hooks.register("register_admin_urls")
def email_settings_urls() -> list[URLPattern]:
    return [
        path("memberships/emails/", EmailSettings.as_view(), name="lms_memberships_email_settings"),
        path("memberships/emails/all-on/", AllOn.as_view(), name="lms_memberships_emails_all_on"),
    ]


@hooks.register("register_permissions")
def email_settings_permission() -> QuerySet[Permission]:
    return Permission.objects.filter(content_type__app_label="lms_memberships", codename="change_emailswitch")


class EmailSettingsMenuItem(MenuItem):
    """Only for those who may change them."""

    def is_shown(self, request: HttpRequest) -> bool:
        return request.user.has_perm("lms_memberships.change_emailswitch")


@hooks.register("register_settings_menu_item")
def email_settings_menu_item() -> MenuItem:
    return EmailSettingsMenuItem(
        _("E-mail settings"),
        reverse("lms_memberships_email_settings"),
        name="lms-memberships-emails",
        icon_name="mail",
        order=810,
    )
