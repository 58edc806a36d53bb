"""Which steps does the wizard have, and what is asked in each? (U10)."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from wagtail.admin.panels import FieldPanel, FieldRowPanel, MultiFieldPanel, PublishingPanel

from .bundle_form import BundleForm
from .bundle_panel import BundlePanel
from .information_form import InformationForm
from .panels import AmountPanel, FurtherPricesPanel, MembersPanel, PricePermissionPanel, StatusPanel, SummaryPanel
from .price_panels import KeepingPricePanel, StripePricePanel
from .status_form import StatusForm
from .step import Step
from .unpaid import unpaid_panel


class WholeForm(InformationForm, BundleForm):
    """Every step's fields at once, for looking at an old version. The status is the buttons' there."""


STEPS = (
    Step(
        slug="information",
        label=_("Main information"),
        icon="edit",
        form_class=InformationForm,
        panels=(
            FieldPanel("title", classname="title", required_on_save=True),
            FieldPanel("description"),
            FieldPanel("cover_image"),
            MultiFieldPanel(
                [
                    PricePermissionPanel(),
                    FieldRowPanel([AmountPanel("price_amount"), FieldPanel("currency")]),
                    FieldRowPanel([FieldPanel("interval"), AmountPanel("old_price_amount")]),
                    StripePricePanel(),
                    KeepingPricePanel(),
                ],
                heading=_("Price"),
                icon="tag",
            ),
            MultiFieldPanel(
                [FieldPanel("trial_days"), FieldPanel("trial_requires_card")], heading=_("Free trial"), icon="date"
            ),
            MultiFieldPanel(
                [
                    FieldRowPanel([FieldPanel("instalments"), AmountPanel("setup_fee_amount")]),
                    FurtherPricesPanel("further_prices"),
                ],
                heading=_("More prices"),
                icon="list-ul",
                classname="collapsed",
            ),
            MultiFieldPanel(
                [FieldRowPanel([FieldPanel("max_members"), FieldPanel("requires")])],
                heading=_("Limits"),
                icon="lock",
                classname="collapsed",
            ),
            MultiFieldPanel(
                [FieldRowPanel([FieldPanel("on_lapse"), FieldPanel("may_pause")]), FieldPanel("stay_code")],
                heading=_("When somebody leaves"),
                icon="logout",
                classname="collapsed",
            ),
            MultiFieldPanel(
                [FieldRowPanel([FieldPanel("grace_days"), FieldPanel("lang")]), unpaid_panel()],
                heading=_("More"),
                icon="cog",
            ),
        ),
    ),
    Step(
        slug="bundle",
        label=_("Marketing products"),
        icon="list-ul",
        form_class=BundleForm,
        panels=(BundlePanel(heading=_("Courses, live sessions and products")),),
        mends=("bundle_items",),
    ),
    Step(
        slug="publish",
        label=pgettext_lazy("step", "Settings"),
        icon="upload",
        form_class=StatusForm,
        panels=(
            StatusPanel(),
            MembersPanel(),
            SummaryPanel(),
            KeepingPricePanel(),
            PublishingPanel(),
        ),
    ),
)
