"""Is Stripe connected, what does it still want, and how is it set up? The page under Settings → Stripe (W1, X18)."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView, View
from wagtail.admin import messages
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin

from .. import conf
from ..asking import asks_stripe
from ..health.address import webhook_url
from ..payments import connect
from ..payments.gateway import GatewayFailure
from ..payments.stripe_gateway.client import API_VERSION
from ..payments.stripe_gateway.notices import usable
from ..payments.webhook_events import WANTED

SETTINGS_URL_NAME = "lms_memberships_stripe_settings"
CHECK_URL_NAME = "lms_memberships_stripe_check"
PERMISSION = "lms_memberships.connect_account"

Text = str | Promise

#: What a restricted key needs for what we do with it, in the words of Stripe's dashboard.
KEY_PERMISSIONS: tuple[tuple[str, Text, Text], ...] = (
    ("Accounts", gettext_lazy("Read"), gettext_lazy("to know that the account can charge")),
    ("Products", gettext_lazy("Write"), gettext_lazy("one product for each membership")),
    ("Prices", gettext_lazy("Write"), gettext_lazy("what it costs, and how often")),
    ("Customers", gettext_lazy("Write"), gettext_lazy("one customer for each student")),
    ("Checkout Sessions", gettext_lazy("Write"), gettext_lazy("the page on which students pay")),
    ("Coupons", gettext_lazy("Write"), gettext_lazy("what promotion codes take off")),
    ("Promotion Codes", gettext_lazy("Write"), gettext_lazy("to make, find and retire them")),
    ("Customer portal", gettext_lazy("Write"), gettext_lazy("where students change their card and billing details")),
    ("Subscriptions", gettext_lazy("Write"), gettext_lazy("to read, cancel and resume them")),
    (
        "Invoices",
        gettext_lazy("Write"),
        gettext_lazy("what was billed and paid, to try a failed payment again, and to void what is not owed any more"),
    ),
    ("PaymentIntents", gettext_lazy("Read"), gettext_lazy("which payment settled an invoice")),
    (
        "Charges and Refunds",
        gettext_lazy("Write"),
        gettext_lazy("to give back a second payment for the same thing, and what you give back by hand"),
    ),
    ("Credit notes", gettext_lazy("Write"), gettext_lazy("to give back so that the books stay right")),
    ("Disputes", gettext_lazy("Read"), gettext_lazy("what somebody had their bank take back")),
    (
        "Payment Methods",
        gettext_lazy("Read"),
        gettext_lazy("to remind students before their card expires, and to see which card was given last"),
    ),
    ("Events", gettext_lazy("Read"), gettext_lazy("what Stripe could not tell this site yet")),
    ("Webhook Endpoints", gettext_lazy("Write"), gettext_lazy("to see and mend where Stripe calls")),
)

#: Stripe's words for what it asks of account holders most often; the others are shown as they are.
REQUIREMENTS: dict[str, Text] = {
    "external_account": gettext_lazy("the bank account for payouts"),
    "business_type": gettext_lazy("the kind of business"),
    "business_profile.url": gettext_lazy("the address of the website"),
    "business_profile.mcc": gettext_lazy("the line of business"),
    "business_profile.product_description": gettext_lazy("what is sold"),
    "tos_acceptance.date": gettext_lazy("agreement to Stripe's terms"),
    "tos_acceptance.ip": gettext_lazy("agreement to Stripe's terms"),
    "individual.verification.document": gettext_lazy("proof of identity"),
    "company.tax_id": gettext_lazy("the company's tax number"),
    "company.verification.document": gettext_lazy("proof of the company"),
}

#: What to do about each state of the connection, answering "Why can't I create a membership?" (U2).
REMEDIES: dict[str, Text] = {
    "ok": gettext_lazy("Nothing stands in the way: Stripe is connected and can charge."),
    "no_key": gettext_lazy("Stripe must be connected first: set a key as described below, then check again."),
    "unchecked": gettext_lazy("Check the connection again."),
    "failed": gettext_lazy("The last check failed. Mend what it says, then check again."),
    "cannot_charge": gettext_lazy("Give Stripe what it still asks for, in its dashboard, then check again."),
}


class ConnectPermissionMixin(View):
    """Only for whoever may connect the account; Wagtail turns the refusal into its own message."""

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if not request.user.has_perm(PERMISSION):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)


class StripeSettingsView(ConnectPermissionMixin, WagtailAdminTemplateMixin, TemplateView):
    """The connected account and how to connect one."""

    template_name = "lms_memberships/creator/stripe_settings.html"
    page_title = gettext_lazy("Stripe")
    header_icon = "key"

    def get_breadcrumbs_items(self) -> list[dict[str, object]]:
        return [*self.breadcrumbs_items, {"url": reverse_lazy(SETTINGS_URL_NAME), "label": self.page_title}]

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        state = connect.ensure_fresh()
        account = state.account
        return super().get_context_data(
            state=state,
            account=account if account is not None and account.stripe_id else None,
            requirements=[(name, REQUIREMENTS.get(name, "")) for name in account.requirements_due] if account else [],
            remedy=REMEDIES[state.code],
            key_permissions=KEY_PERMISSIONS,
            webhook_url=webhook_url(),
            webhook_events=WANTED,
            api_version=API_VERSION,
            has_webhook_secret=bool(usable(conf.STRIPE_WEBHOOK_SECRETS)),
            is_other_address=bool(conf.STRIPE_API_BASE),
            api_base=conf.STRIPE_API_BASE,
            help_email=conf.HELP_EMAIL,
            help_url=conf.HELP_URL,
            **kwargs,
        )


@method_decorator(asks_stripe("POST"), name="post")
class CheckAgainView(ConnectPermissionMixin, View):
    """Read the account from Stripe now."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        try:
            account = connect.refresh()
        except (connect.NotConnected, GatewayFailure) as problem:
            messages.error(request, problem.message)
        else:
            if account.charges_enabled:
                messages.success(request, _("Stripe was asked: %(account)s can charge.") % {"account": account})
            else:
                messages.warning(request, _("Stripe was asked: %(account)s cannot charge yet.") % {"account": account})
        return redirect(SETTINGS_URL_NAME)
