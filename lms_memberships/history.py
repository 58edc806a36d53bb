"""Which of our actions stand in Wagtail's history? Their names, and what a reader sees."""

from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.log_actions import LogActionRegistry, LogFormatter
from wagtail.models import ModelLogEntry

SECOND_PURCHASE_UNDONE = "lms_memberships.second_purchase_undone"


@hooks.register("register_log_actions")
def register_log_actions(actions: LogActionRegistry) -> None:
    """Teach Wagtail's history pages our words."""

    @actions.register_action(SECOND_PURCHASE_UNDONE)
    class SecondPurchaseUndone(LogFormatter):
        label = _("Second purchase undone")

        def format_message(self, log_entry: ModelLogEntry) -> str:
            words = _("%(student)s had bought it twice. %(subscription)s was cancelled and refunded.")
            return str(words) % log_entry.data
