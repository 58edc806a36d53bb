"""Where does the admin show gifts? Under Marketing, to whoever may see them or set what they cost."""

from collections.abc import Iterator

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import Permission
from django.db.models import Model, QuerySet
from django.urls import URLPattern, path, reverse, reverse_lazy
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.menu import MenuItem
from wagtail.admin.widgets.button import Button

from ...memberships.models import Membership
from ...retrying import unwrapped
from .. import desks
from . import offering, showing, views

BASE = "memberships/gifts/"
PERMISSIONS = [f"{action}_gift" for action in views.SEEING]


@hooks.register("register_admin_urls")
def gift_urls() -> list[URLPattern]:
    return unwrapped(
        [
            path(BASE, views.GiftIndex.as_view(), name=views.LIST),
            path(f"{BASE}results/", views.GiftIndex.as_view(results_only=True), name=views.RESULTS),
            path(f"{BASE}offers/", views.OfferIndex.as_view(), name=views.OFFERS),
            path(f"{BASE}offers/results/", views.OfferIndex.as_view(results_only=True), name=views.OFFERS_RESULTS),
            path(f"{BASE}offers/<int:pk>/", offering.OfferPage.as_view(), name=views.OFFER),
            path(f"{BASE}<int:pk>/", showing.GiftPage.as_view(), name=views.SHOW),
            path(f"{BASE}<int:pk>/resend/", showing.resend, name=views.RESEND),
            path(f"{BASE}<int:pk>/change/", showing.change, name=views.CHANGE),
            path(f"{BASE}<int:pk>/refund/", showing.refund, name=views.REFUND),
        ]
    )


@hooks.register("register_permissions")
def gift_permissions() -> QuerySet[Permission]:
    return desks.permissions(PERMISSIONS)


@hooks.register("register_snippet_listing_buttons")
def offer_button(snippet: Model, user: AbstractBaseUser, next_url: str | None = None) -> Iterator[Button]:
    """Beside each membership, for whoever may set prices."""
    if isinstance(snippet, Membership) and user.has_perm(views.PRICE_PERMISSION):
        yield Button(_("What gifts cost"), reverse(views.OFFER, args=[snippet.pk]), icon_name="tag", priority=60)


@hooks.register("register_marketing_menu_item")
def gift_menu_item() -> MenuItem:
    name = "lms-memberships-gifts"
    label, url = views.GiftIndex.page_title, reverse_lazy(views.LIST)
    return desks.DeskMenuItem(label, url, needs=PERMISSIONS, name=name, icon_name="tag", order=910)


@hooks.register("register_marketing_menu_item")
def offer_menu_item() -> MenuItem:
    label, name = _("What gifts cost"), "lms-memberships-gift-offers"
    needs = [views.PRICE_PERMISSION.partition(".")[2]]
    return desks.DeskMenuItem(label, reverse_lazy(views.OFFERS), needs=needs, name=name, icon_name="tag", order=911)
