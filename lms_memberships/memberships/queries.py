"""Which memberships can be seen and bought? The one place that says what "on sale" means."""

from typing import TYPE_CHECKING

from django.apps import apps
from django.db import models
from django.db.models import Exists, OuterRef

from .. import conf

if TYPE_CHECKING:
    from ..payments.connect import Connection


class MembershipQuerySet(models.QuerySet):
    """Chainable, explicitly ordered by the model."""

    def on_sale(self, connection: "Connection | None") -> "MembershipQuerySet":
        """Live, complete, and its price confirmed by Stripe in the connected account (design §5, S26)."""
        if connection is None:
            return self.none()
        return self.filter(live=True, price_amount__isnull=False).filter(
            Exists(self._bundle()), Exists(self._confirmed_price(connection))
        )

    def unprepared(self, connection: "Connection") -> "MembershipQuerySet":
        """Published, and Stripe has not confirmed all of its prices."""
        ready = self.on_sale(connection).values("pk")
        priced = self.filter(live=True, price_amount__isnull=False)
        return priced.filter(~models.Q(pk__in=ready) | Exists(self._unconfirmed_option(connection)))

    def with_contents(self) -> "MembershipQuerySet":
        """With all that a card shows, in a constant number of queries."""
        return self.select_related("cover_image").prefetch_related(
            contents("bundle_items"), "price_options", "prices_asked"
        )

    def ever_published(self) -> "MembershipQuerySet":
        """Those whose bundle is fenced: from the first publication on, whatever became of them."""
        return self.filter(first_published_at__isnull=False)

    def _bundle(self) -> models.QuerySet:
        return _rows("BundleItem").filter(membership=OuterRef("pk"))

    def _confirmed_price(self, connection: "Connection") -> models.QuerySet:
        return _rows("Price").filter(
            membership=OuterRef("pk"),
            amount=OuterRef("price_amount"),
            currency=OuterRef("currency"),
            interval=OuterRef("interval"),
            instalments=OuterRef("instalments"),
            tax_behavior=conf.TAX_BEHAVIOR,
            account=connection.account_id,
            livemode=connection.livemode,
            confirmed_at__isnull=False,
        )

    def _unconfirmed_option(self, connection: "Connection") -> models.QuerySet:
        confirmed = _rows("Price").filter(
            membership=OuterRef("membership"),
            amount=OuterRef("amount"),
            currency=OuterRef("currency"),
            interval=OuterRef("interval"),
            instalments=OuterRef("instalments"),
            tax_behavior=conf.TAX_BEHAVIOR,
            account=connection.account_id,
            livemode=connection.livemode,
            confirmed_at__isnull=False,
        )
        return _rows("PriceOption").filter(membership=OuterRef("pk")).exclude(Exists(confirmed))


def contents(lookup: str) -> models.Prefetch:
    """The bundle behind ``lookup`` with its items, their pages and languages: one query."""
    rows = _rows("BundleItem").select_related("item__page__locale").order_by("sort_order", "pk")
    return models.Prefetch(lookup, queryset=rows)


def kept(lookup: str) -> models.Prefetch:
    """The same for what was taken out of the bundle and left to those who had it: one query."""
    rows = _rows("KeptItem").select_related("item__page__locale").order_by("pk")
    return models.Prefetch(lookup, queryset=rows)


def _rows(name: str) -> models.Manager:
    # By name: the models import this file.
    return apps.get_model("lms_memberships", name)._default_manager
