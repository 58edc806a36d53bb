"""Where does the admin show prices and their members? Below each membership, to whoever may set its price."""

from django.urls import URLPattern, path
from wagtail import hooks

from ...retrying import unwrapped
from . import moving, progress, views

BASE = "memberships/prices/"


@hooks.register("register_admin_urls")
def price_urls() -> list[URLPattern]:
    one = f"{BASE}moves/<int:pk>/"
    urls = [
        path(f"{BASE}<int:pk>/", views.PricesPage.as_view(), name=views.PRICES),
        path(f"{BASE}<int:pk>/move/<int:price>/", moving.MovePage.as_view(), name=moving.MOVE),
        path(one, progress.MovePeople.as_view(), name=progress.PEOPLE),
        path(f"{one}results/", progress.MovePeople.as_view(results_only=True), name=progress.RESULTS),
        path(f"{one}call-off/", progress.call_off, name=progress.CALL_OFF),
        path(f"{one}again/", progress.try_again, name=progress.AGAIN),
    ]
    return unwrapped(urls)
