"""What does the listing give to the admin? The address of "Try again", and its line in the history."""

from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.log_actions import LogActionRegistry

from ...retrying import unwrapped
from .views import TRY_AGAIN_URL_NAME, try_again


@hooks.register("register_admin_urls")
def try_again_url() -> list[URLPattern]:
    return unwrapped([path("memberships/try-again/<int:pk>/", try_again, name=TRY_AGAIN_URL_NAME)])


@hooks.register("register_log_actions")
def log_actions(actions: LogActionRegistry) -> None:
    actions.register_action("lms_memberships.put_on_sale", _("Put on sale"), _("Put on sale at Stripe"))
