"""Which panels of the steps are ours? Amounts, the word about prices, the status, and the summary."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from wagtail.admin.compare import FieldComparison
from wagtail.admin.panels import FieldPanel, Panel
from wagtail.admin.telepath import register as register_telepath_adapter

from .. import clock
from ..memberships.models import Membership
from . import checklist, summary
from .information_form import may_set_price
from .money_fields import typed


class AmountComparison(FieldComparison):
    """Two versions' amounts as a person writes them, not in minor units."""

    def __init__(self, field: object, before: Membership, after: Membership) -> None:
        self.field = field
        self.val_a, self.val_b = (
            " ".join(filter(None, (typed(getattr(version, field.name), version.currency), version.currency.upper())))
            for version in (before, after)
        )


class AmountPanel(FieldPanel):
    """An amount of money."""

    def get_comparison_class(self) -> type[FieldComparison]:
        return AmountComparison


class PricePermissionPanel(Panel):
    """Says why the price cannot be changed, to those who may not."""

    @register_telepath_adapter
    class BoundPanel(Panel.BoundPanel):
        telepath_adapter_name = "wagtail.panels.Panel"
        template_name = "lms_memberships/wizard/price_permission.html"

        def is_shown(self) -> bool:
            return self.request is not None and not may_set_price(self.request.user)


class StatusPanel(FieldPanel):
    """Draft or published. A field of the form only, so it stays out of comparisons and old versions."""

    only_in_wizard = True

    def __init__(self, field_name: str = "status", **kwargs: object) -> None:
        kwargs = {"heading": _("Status"), "icon": "view", "attrs": {"data-controller": "lms-status"}} | kwargs
        super().__init__(field_name, **kwargs)


class SummaryPanel(Panel):
    """What students will see and pay, and what is still missing (U29, X18, X19)."""

    only_in_wizard = True

    def __init__(
        self, heading: object = pgettext_lazy("membership", "Summary"), icon: str = "clipboard-list", **kwargs: object
    ) -> None:
        super().__init__(heading=heading, icon=icon, **kwargs)

    @register_telepath_adapter
    class BoundPanel(Panel.BoundPanel):
        telepath_adapter_name = "wagtail.panels.Panel"
        template_name = "lms_memberships/wizard/summary_panel.html"

        def get_context_data(self, parent_context: dict | None = None) -> dict:
            return super().get_context_data(parent_context) | {
                "card": summary.card_of(self.instance, now=clock.now()),
                "checks": checklist.checks(self.instance),
            }
