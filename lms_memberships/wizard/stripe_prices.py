"""How does a creator use a price that exists in Stripe? A page of step 1 that lists them, and a button for each (W4)."""

from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.functional import cached_property
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django.views.generic import TemplateView
from wagtail.admin import messages
from wagtail.admin.views.generic import WagtailAdminTemplateMixin

from ..asking import asks_stripe
from ..errors import OutsideFailure, Refusal
from ..memberships import existing_prices, price_search
from ..memberships.existing_prices import Candidate, NotUsable
from ..memberships.intervals import interval_text
from ..memberships.models import Membership
from ..memberships.pricing import price_text
from ..money import format_money
from ..payments import connect
from ..payments.connect import NotConnected
from .information_form import may_set_price

LIST, USE = "lms_memberships_stripe_prices", "lms_memberships_stripe_price_use"
#: Longer than any id or name of Stripe's.
LONGEST = 255
TAKE = {"first": existing_prices.take_as_first, "further": existing_prices.take_as_further}


class DraftLocked(Refusal):
    message = gettext_lazy("This membership is locked: its price cannot be changed now.")


@method_decorator(asks_stripe("GET", "HEAD"), name="get")
class StripePrices(WagtailAdminTemplateMixin, TemplateView):
    """Active prices of the connected account. Those that we cannot sell stand there too, with the reason."""

    page_title = gettext_lazy("Use a price from Stripe")
    header_icon = "tag"
    template_name = "lms_memberships/wizard/stripe_prices.html"

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        self.membership = _priceable(request, self.kwargs["pk"])
        return super().dispatch(request, *args, **kwargs)

    @cached_property
    def asked(self) -> tuple[str, str]:
        """The words and the place in the list, as the address has them."""
        query = self.request.GET
        return query.get("q", "").strip()[:LONGEST], query.get("after", "").strip()[:LONGEST]

    def get_breadcrumbs_items(self) -> list[dict[str, object]]:
        above = {"url": _step_url(self.membership), "label": str(self.membership)}
        return [*super().get_breadcrumbs_items(), above, {"url": "", "label": self.page_title}]

    def get_context_data(self, **kwargs: object) -> dict:
        context = super().get_context_data(**kwargs)
        words, after = self.asked
        context |= {"membership": self.membership, "words": words, "is_further_on": bool(after), "rows": []}
        context |= {"step_url": _step_url(self.membership), "breadcrumbs_items": self.get_breadcrumbs_items()}
        try:
            gateway, connection = connect.get_gateway(), connect.current()
            shelf = price_search.look(words, after, gateway=gateway)
            if connection is None:
                raise NotConnected
        except (Refusal, OutsideFailure) as no:
            return context | {"failure": str(no.message)}
        judged = existing_prices.judge(shelf.prices, self.membership, connection)
        context["rows"] = [_row(candidate) for candidate in judged]
        if shelf.after:
            context["next_query"] = urlencode({"q": words, "after": shelf.after})
        return context


@require_POST
@asks_stripe("POST")
def use(request: HttpRequest, pk: int) -> HttpResponse:
    """Make it the price of the draft, or one more. It is read again: what the page showed may be old."""
    membership = _priceable(request, pk)
    try:
        _take(membership, request)
    except (Refusal, OutsideFailure) as no:
        messages.error(request, str(no.message))
        return HttpResponseRedirect(reverse(LIST, args=[pk]))
    words = _("The price of Stripe's is in the draft. Change its amount here, and a new price takes its place.")
    messages.success(request, words)
    return HttpResponseRedirect(_step_url(membership))


def _take(membership: Membership, request: HttpRequest) -> None:
    lock = membership.get_lock()
    if lock is not None and lock.for_user(request.user):
        raise DraftLocked
    chosen = request.POST.get("price", "")[:LONGEST]
    if not chosen:
        # Without an id Stripe would be asked for its whole list.
        raise NotUsable(_("Choose a price."))
    gateway, connection = connect.get_gateway(), connect.current()
    if connection is None:
        raise NotConnected
    found = gateway.read_price(chosen)
    (candidate,) = existing_prices.judge([found], membership, connection)
    if candidate.why_not:
        raise NotUsable(candidate.why_not)
    version = membership.get_latest_revision_as_object()
    TAKE.get(request.POST.get("as", ""), existing_prices.take_as_first)(version, found)
    if version.first_published_at is None:
        # As every step does: what was never published is also in its rows (draft_form.py).
        version.save()
    version.save_revision(user=request.user, log_action=True, clean=False)


def _priceable(request: HttpRequest, pk: int) -> Membership:
    """For whoever may change this price; the same two rights as in step 1."""
    if not (request.user.has_perm("lms_memberships.change_membership") and may_set_price(request.user)):
        raise PermissionDenied
    return get_object_or_404(Membership, pk=pk)


def _step_url(membership: Membership) -> str:
    return reverse(Membership.snippet_viewset.get_url_name("step"), args=[membership.pk, "information"])


def _row(candidate: Candidate) -> dict[str, object]:
    price, language = candidate.price, get_language() or "en"
    money = format_money(price.money, language) if price.money is not None else ""
    return {
        "price": price,
        "name": price.product_name or price.product_id,
        "amount": price_text(price.money, candidate.interval, language) if price.money and not price.odd else money,
        "interval": interval_text(candidate.interval),
        "why_not": candidate.why_not,
    }
