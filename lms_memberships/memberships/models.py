"""What does a creator sell? Membership, the bundle it contains, and the prices it was ever sold at."""

import uuid
from typing import TYPE_CHECKING

from django.contrib.contenttypes.fields import GenericRelation
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalKey
from modelcluster.models import ClusterableModel, model_from_serializable_data
from wagtail.images import get_image_model_string
from wagtail.models import (
    DraftStateMixin,
    LockableMixin,
    Orderable,
    PreviewableMixin,
    RevisionMixin,
    WorkflowMixin,
)
from wagtail.search import index

from .. import conf
from ..bundles.references import ItemForeignKey
from ..money import Money
from ..safe_html import render_markdown
from .addresses import free_slug
from .intervals import Interval
from .lapsing import OnLapse
from .price_models import MOST_INSTALMENTS, Price, PriceAsked, PriceOption, refuse_odd_instalments, valid_interval
from .queries import MembershipQuerySet

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest
    from wagtail.models import Revision

__all__ = ["BundleItem", "Membership", "Price", "PriceAsked", "PriceOption"]

#: Stripe's own limit for a trial in checkout (guide §5).
LONGEST_TRIAL_DAYS = 730


def default_currency() -> str:
    """The currency a new membership starts with; a function so that migrations do not freeze it."""
    return conf.DEFAULT_CURRENCY


class Membership(
    WorkflowMixin,
    DraftStateMixin,
    LockableMixin,
    RevisionMixin,
    PreviewableMixin,
    index.Indexed,
    ClusterableModel,
):
    """What a creator sells. The price fields are drafts like the rest; publishing writes ``Price`` rows."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    title = models.CharField(_("title"), max_length=120)
    slug = models.SlugField(_("address"), max_length=140, unique=True, allow_unicode=True, editable=False)
    description = models.TextField(
        _("description"),
        blank=True,
        max_length=20_000,
        help_text=_("GitHub-flavoured Markdown: **bold**, lists, tables and links work."),
    )
    #: Rendered and cleaned on saving: a page view must not wait for that.
    description_html = models.TextField(editable=False, blank=True)
    description_version = models.PositiveSmallIntegerField(editable=False, default=0)
    cover_image = models.ForeignKey(
        get_image_model_string(),
        verbose_name=_("cover image"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    #: Minor units as Stripe counts them. Null in a draft: no price yet. Zero is not a price.
    price_amount = models.PositiveBigIntegerField(_("price"), null=True)
    currency = models.CharField(_("currency"), max_length=3, default=default_currency)
    old_price_amount = models.PositiveBigIntegerField(
        _("old price"), null=True, blank=True, help_text=_("Shown struck through beside the price.")
    )
    interval = models.CharField(
        _("billing interval"), max_length=12, default=Interval.MONTH, validators=[valid_interval]
    )
    #: 0: it renews until somebody cancels. N: it is paid off after N payments, and open for good (V10).
    instalments = models.PositiveSmallIntegerField(
        _("number of instalments"),
        blank=True,
        default=0,
        db_default=0,
        validators=[MaxValueValidator(MOST_INSTALMENTS)],
        help_text=_("0: it renews until it is cancelled. Otherwise it is paid off after so many payments."),
    )
    setup_fee_amount = models.PositiveBigIntegerField(
        _("setup fee"), null=True, blank=True, help_text=_("Paid once, with the first payment.")
    )
    #: A price that was made in Stripe (W4), as long as the amount above is still its amount; empty: ours.
    stripe_price_id = models.CharField(max_length=255, blank=True, default="", db_default="", editable=False)
    max_members = models.PositiveIntegerField(
        _("most members"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("When so many have joined, nobody more can. Lowering it removes nobody. Empty: no limit."),
    )
    #: What one must already hold to buy this (V2).
    requires = models.ForeignKey(
        "self",
        verbose_name=_("only for members of"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("Only who has that membership can buy this one."),
    )
    trial_days = models.PositiveSmallIntegerField(
        _("free trial days"),
        default=0,
        validators=[MinValueValidator(0), MaxValueValidator(LONGEST_TRIAL_DAYS)],
        help_text=_("0 means no free trial."),
    )
    #: Positive on purpose: the sources label it the other way round (U19).
    trial_requires_card = models.BooleanField(
        _("Require a card to start the trial"),
        default=True,
        help_text=_(
            "On: students enter a card and pay when the trial ends, unless they cancel. "
            "Off: no card is asked for, and access closes when the trial ends."
        ),
    )
    grace_days = models.PositiveSmallIntegerField(
        _("days of grace"),
        null=True,
        blank=True,
        validators=[MaxValueValidator(60)],
        help_text=_("Days of access after a failed payment. Empty: the site's own number."),
    )
    on_lapse = models.CharField(
        _("when a membership ends"), max_length=10, choices=OnLapse, default=OnLapse.REMOVE, db_default=OnLapse.REMOVE
    )
    may_pause = models.BooleanField(_("members may pause it"), default=False, db_default=False)
    #: What whoever wants to leave is offered, once (V53). Null: nothing.
    stay_code = models.ForeignKey("PromotionCode", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    #: The published version whose members keep what they had when this one takes its place (X6). Null: nobody's.
    kept_for_members_of = models.PositiveBigIntegerField(null=True, blank=True, editable=False)
    lang = models.CharField(_("language of its texts"), max_length=15, blank=True, default="")
    sort_order = models.IntegerField(_("order in lists"), default=0, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    _revisions = GenericRelation("wagtailcore.Revision", related_query_name="membership")
    workflow_states = GenericRelation(
        "wagtailcore.WorkflowState",
        content_type_field="base_content_type",
        object_id_field="object_id",
        related_query_name="membership",
        for_concrete_model=False,
    )

    objects = MembershipQuerySet.as_manager()

    search_fields = [
        index.AutocompleteField("title"),
        index.SearchField("title"),
        index.SearchField("description"),
        # Who may not see drafts searches what is published.
        index.FilterField("live"),
    ]

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        ordering = ["sort_order", "title", "pk"]
        permissions = [("set_price_membership", _("Can set the price of memberships"))]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(price_amount__isnull=True) | models.Q(price_amount__gt=0),
                name="lmsm_a_price_is_more_than_zero",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def clean(self) -> None:
        super().clean()
        price, old_price = self.price_amount, self.old_price_amount
        if price is not None and old_price is not None and old_price <= price:
            raise ValidationError({"old_price_amount": _("The old price must be higher than the price.")})
        if self.interval == Interval.ONE_TIME and self.trial_days:
            raise ValidationError({"trial_days": _("A one-time payment cannot have a free trial.")})
        refuse_odd_instalments(self.interval, self.instalments)
        if self.requires_id is not None and self.requires_id == self.pk:
            raise ValidationError({"requires": _("A membership cannot require itself.")})

    def save(self, *args: object, **kwargs: object) -> None:
        """Give it an address once, for ever, and render the description."""
        if not self.slug:
            self.slug = free_slug(self)
        self._render_description()
        super().save(*args, **kwargs)

    def save_revision(self, *args: object, **kwargs: object) -> "Revision":
        """A draft is previewed too: its description is rendered with it."""
        self._render_description()
        return super().save_revision(*args, **kwargs)

    @classmethod
    def from_serializable_data(cls, data: dict, check_fks: bool = True, strict_fks: bool = False) -> "Membership":  # noqa: FBT001, FBT002 - modelcluster's signature
        """From a stored version. Items that are gone are left out; they are looked up together, not one by one."""
        rows = data.get("bundle_items", [])
        items = BundleItem._meta.get_field("item").remote_field.model.objects
        known = set(items.filter(pk__in=[row["item"] for row in rows]).values_list("pk", flat=True))
        data = data | {"bundle_items": [row for row in rows if row["item"] in known]}
        return super().from_serializable_data(data, check_fks=check_fks, strict_fks=strict_fks)

    def _render_description(self) -> None:
        rendered = render_markdown(self.description)
        self.description_html, self.description_version = rendered.html, rendered.version

    def get_absolute_url(self) -> str:
        return reverse("lms_memberships:detail", args=[self.slug])

    @property
    def price(self) -> Money | None:
        """What it costs in this version; None while the draft has no price."""
        return None if self.price_amount is None else Money(self.price_amount, self.currency)

    @property
    def old_price(self) -> Money | None:
        return None if self.old_price_amount is None else Money(self.old_price_amount, self.currency)

    @property
    def is_recurring(self) -> bool:
        return self.interval != Interval.ONE_TIME

    @property
    def days_of_grace(self) -> int:
        """Days of access after a failed payment (G2): its own number, or the site's."""
        return conf.PAST_DUE_GRACE_DAYS if self.grace_days is None else self.grace_days

    def get_preview_template(self, request: "HttpRequest", mode_name: str) -> str:
        return "lms_memberships/portal/preview.html"


class BundleItem(Orderable):
    """One item in one membership's bundle. A child of the draft: it changes when a version is published."""

    membership = ParentalKey(Membership, related_name="bundle_items", on_delete=models.CASCADE)
    item = ItemForeignKey(
        "lms_memberships.Item", verbose_name=_("item"), on_delete=models.PROTECT, related_name="bundle_items"
    )

    #: Added for newcomers alone: who joined earlier does not have it (G17). Null: everybody has. Set by publishing.
    since = models.DateTimeField(null=True, editable=False)

    class Meta(Orderable.Meta):
        verbose_name = _("bundled item")
        verbose_name_plural = _("bundled items")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["membership", "item"], name="lmsm_an_item_once_in_a_bundle"),
        ]

    def __str__(self) -> str:
        return str(self.item)

    def is_for(self, began_at: "datetime | None") -> bool:
        """Whether it belongs to what a subscription holds that began then."""
        return self.since is None or (began_at is not None and began_at >= self.since)

    @classmethod
    def from_serializable_data(cls, data: dict, check_fks: bool = True, strict_fks: bool = False) -> "BundleItem":  # noqa: FBT001, FBT002 - modelcluster's signature
        """Unchecked: modelcluster would ask twice for each row, and the membership has asked for all."""
        return model_from_serializable_data(cls, data, check_fks=False, strict_fks=strict_fks)
