"""What is said beside the price: that one of Stripe's can be used, and who keeps paying which one (W4, N1)."""

from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import Panel
from wagtail.admin.telepath import register as register_telepath_adapter

from .. import clock
from ..memberships.models import Membership, Price
from ..memberships.pricing import way_text
from ..memberships.ways import way_of, ways
from ..payments import connect
from ..subscriptions import price_counts
from . import stripe_prices
from .bundle_form import BundleForm
from .information_form import may_set_price

#: The page of the admin that says more, by its name: it is a neighbour's.
PRICES_URL = "lms_memberships_prices"
#: More lines than this are on that page.
MOST_LINES = 10


class StripePricePanel(Panel):
    """Leads to the prices that exist in Stripe, for those who may set a price."""

    @register_telepath_adapter
    class BoundPanel(Panel.BoundPanel):
        telepath_adapter_name = "wagtail.panels.Panel"
        template_name = "lms_memberships/wizard/stripe_price_panel.html"

        def is_shown(self) -> bool:
            # Not beside an old version: there nothing is chosen.
            is_step = not isinstance(self.form, BundleForm)
            return self.request is not None and is_step and may_set_price(self.request.user)

        def get_context_data(self, parent_context: dict | None = None) -> dict:
            pk = self.instance.pk
            url = reverse(stripe_prices.LIST, args=[pk]) if pk else ""
            return super().get_context_data(parent_context) | {"url": url}


class KeepingPricePanel(Panel):
    """Who has which price, and that they keep it: said before a price is changed, and before that is published."""

    only_in_wizard = True

    def __init__(self, heading: object = _("Members and their prices"), icon: str = "group", **kwargs: object) -> None:
        super().__init__(heading=heading, icon=icon, **kwargs)

    @register_telepath_adapter
    class BoundPanel(Panel.BoundPanel):
        telepath_adapter_name = "wagtail.panels.Panel"
        template_name = "lms_memberships/wizard/keeping_panel.html"

        def is_shown(self) -> bool:
            # What was never published has no members.
            return self.request is not None and self.instance.first_published_at is not None

        def get_context_data(self, parent_context: dict | None = None) -> dict:
            url = reverse(PRICES_URL, args=[self.instance.pk]) if may_set_price(self.request.user) else ""
            return super().get_context_data(parent_context) | {
                "lines": list(keeping(self.instance)),
                "url": url,
            }


def keeping(version: Membership) -> Iterator[str]:
    """A line for each price that somebody holds. Three queries."""
    connection = connect.current()
    if connection is None:
        return
    prices = list(Price.objects.in_account(connection).filter(membership=version.pk).order_by("pk"))
    held = price_counts.count([price.pk for price in prices], now=clock.now())
    asked = {way.key for way in ways(version)}
    language = get_language() or "en"
    shown = [price for price in prices if price.pk in held][:MOST_LINES]
    for price in shown:
        count = held[price.pk]
        values = {"count": count, "price": way_text(way_of(price), language)}
        if price.key in asked:
            words = ngettext(
                "%(count)s member pays %(price)s, and keeps it if you change the price.",
                "%(count)s members pay %(price)s, and keep it if you change the price.",
                count,
            )
        else:
            words = ngettext(
                "%(count)s member keeps paying %(price)s.", "%(count)s members keep paying %(price)s.", count
            )
        yield words % values
