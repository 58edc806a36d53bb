"""What does this site do when a payment stays missing? Said where a membership's days of grace are set (G3)."""

from django.utils.functional import lazystr
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy_text
from wagtail.admin.panels import HelpPanel

from .. import conf


class _Words:
    """Read when it is shown: the setting may differ from the one at start-up."""

    def __str__(self) -> str:
        if conf.UNPAID_KEEPS_ACCESS:
            return _(
                "While a payment is missing, access stays open until Stripe ends the subscription "
                "(LMS_MEMBERSHIPS_UNPAID_KEEPS_ACCESS)."
            )
        return _(
            "After the days of grace access closes, and stays closed while Stripe calls the subscription unpaid "
            "(LMS_MEMBERSHIPS_UNPAID_KEEPS_ACCESS)."
        )


def unpaid_panel() -> HelpPanel:
    """The sentence, as a panel of Wagtail's editor."""
    return HelpPanel(content=lazystr(_Words()), heading=lazy_text("When a payment is missing"))
