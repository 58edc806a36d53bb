"""Which panels of the steps are ours? Amounts, the word about prices, the status, and the summary."""

from django.utils import translation
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from wagtail.admin.compare import FieldComparison, TextDiff
from wagtail.admin.panels import FieldPanel, Panel
from wagtail.admin.telepath import register as register_telepath_adapter

from .. import clock
from ..memberships.models import Membership
from ..memberships.pricing import way_text
from ..memberships.ways import ways
from ..punctuation import semicolon
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


class FurtherPricesComparison:
    """Which further prices came and went between two versions, for Wagtail's compare view."""

    is_field = True
    is_child_relation = False

    def __init__(self, heading: object, before: Membership, after: Membership) -> None:
        self.heading = heading
        self.before, self.after = _further(before), _further(after)

    def field_label(self) -> str:
        return str(self.heading)

    def has_changed(self) -> bool:
        return self.before != self.after

    def htmldiff(self) -> SafeString:
        changes = [("equal" if text in self.after else "deletion", text) for text in self.before]
        changes += [("addition", text) for text in self.after if text not in self.before]
        return TextDiff(changes, separator=escape(semicolon())).to_html() if changes else escape("")


class FurtherPricesPanel(FieldPanel):
    """The table of further prices. A field of the form, and child rows of the draft."""

    @register_telepath_adapter
    class BoundPanel(FieldPanel.BoundPanel):
        telepath_adapter_name = "wagtail.panels.FieldPanel"

        def get_comparison(self) -> list:
            return [lambda before, after: FurtherPricesComparison(self.heading, before, after)]


def _further(version: Membership) -> list[str]:
    language = translation.get_language() or "en"
    return [
        f"{way_text(way, language)} ({_('hidden')})" if way.is_hidden else way_text(way, language)
        for way in ways(version)[1:]
    ]


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


class MembersPanel(FieldPanel):
    """Whether a change of the bundle reaches current members. Shown only where the form asks it."""

    only_in_wizard = True

    def __init__(self, field_name: str = "members", **kwargs: object) -> None:
        super().__init__(field_name, **{"heading": _("Current members"), "icon": "group", **kwargs})


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
