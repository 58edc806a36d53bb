"""What does Wagtail itself give for lists of a million rows? Its own index views over the same tables, as anybody writes them."""

from wagtail.admin.ui.tables import Column, DateColumn
from wagtail.admin.views.generic import IndexView
from wagtail.permission_policies import ModelPermissionPolicy

from lms_memberships.models import Invoice, Subscription


class Stock(IndexView):
    """One line a subscription, with whose it is and of what. Pages by number, everything counted."""

    model = Subscription
    permission_policy = ModelPermissionPolicy(Subscription)
    index_url_name = index_results_url_name = "stock"
    paginate_by = 50
    search_backend_name = None
    search_fields = ("user__username", "user__email", "user__first_name", "user__last_name")
    list_filter = ("status",)
    default_ordering = "-started_at"
    columns = (
        Column("user", accessor="user.username", sort_key="user__username"),
        Column("membership", accessor="membership.title"),
        Column("status", accessor="get_status_display"),
        Column("origin", accessor="get_origin_display"),
        DateColumn("started_at", sort_key="started_at"),
        Column("email", accessor="user.email"),
    )

    def get_base_queryset(self) -> object:
        return Subscription.objects.select_related("user", "membership")


class StockInvoices(IndexView):
    """The same over the invoices."""

    model = Invoice
    permission_policy = ModelPermissionPolicy(Invoice)
    index_url_name = index_results_url_name = "stock_invoices"
    paginate_by = 50
    search_backend_name = None
    search_fields = ("number", "user__username", "user__email")
    list_filter = ("status",)
    default_ordering = "-created_at"
    columns = (
        Column("number"),
        Column("user", accessor="user.username"),
        Column("membership", accessor="membership.title"),
        Column("status"),
        Column("total"),
        DateColumn("created_at", sort_key="created_at"),
    )

    def get_base_queryset(self) -> object:
        return Invoice.objects.select_related("user", "membership")
