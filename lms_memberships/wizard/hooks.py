"""What does the wizard give to the Wagtail admin? Its views under "Marketing", and the preview of descriptions."""

from django.http import HttpRequest
from django.urls import URLPattern, path
from wagtail import hooks
from wagtail.admin.menu import MenuItem
from wagtail.snippets.models import register_snippet
from wagtail.snippets.views.snippets import IndexView

from ..retrying import unwrapped
from . import markdown, menu, stripe_prices
from .viewset import MembershipViewSet


def register(*, index_view_class: type[IndexView]) -> MembershipViewSet:
    """Put the wizard into the admin, with the listing that its neighbour offers."""
    viewset = MembershipViewSet(index_view_class=index_view_class)
    register_snippet(viewset)
    return viewset


@hooks.register("register_admin_menu_item")
def marketing_menu() -> MenuItem:
    return menu.MarketingMenuItem()


@hooks.register("construct_main_menu", order=1000)
def join_the_sites_own_menu(request: HttpRequest, items: list[MenuItem]) -> None:
    menu.join_the_sites_own(request, items)


@hooks.register("register_admin_urls")
def admin_urls() -> list[URLPattern]:
    prices = "memberships/stripe-prices/<int:pk>/"
    return unwrapped(
        [
            path("memberships/markdown-preview/", markdown.preview, name=markdown.PREVIEW_URL_NAME),
            path(prices, stripe_prices.StripePrices.as_view(), name=stripe_prices.LIST),
            path(f"{prices}use/", stripe_prices.use, name=stripe_prices.USE),
        ]
    )
