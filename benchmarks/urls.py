"""What is measured over HTTP? Our own addresses, and beside them the least that a webhook view could do."""

from django.urls import include, path
from wagtail import urls as wagtail_urls
from wagtail.admin import urls as admin_urls

from .floor import bare_insert
from .stock import Stock, StockInvoices

FRAME = ("account_login", "account_logout", "account_signup", "live_sessions", "products", "set_language")
urlpatterns = [
    path("memberships/", include("lms_memberships.urls")),
    path("lms/", include("lms_memberships.integrations.wagtail_lms.urls")),
    path("floor/", bare_insert),
    # The list of people, beside Wagtail's own.
    path("admin/", include(admin_urls)),
    path("stock/", Stock.as_view(results_only=True), name="stock"),
    path("stock/invoices/", StockInvoices.as_view(results_only=True), name="stock_invoices"),
    # What the school's own frame links to.
    *(path(f"elsewhere/{name}/", bare_insert, name=name) for name in FRAME),
    path("", include(wagtail_urls)),
]
