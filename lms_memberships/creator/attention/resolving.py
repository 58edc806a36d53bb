"""How does a press resolve what needs attention? Each with its own permission; twice pressed is once done."""

from collections.abc import Callable

from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from wagtail.admin import messages
from wagtail.log_actions import log

from ... import clock
from ...asking import asks_stripe
from ...errors import OutsideFailure, Refusal
from ...history import ATTENTION_SETTLED, PRICE_CHOSEN
from ...memberships.models import Membership
from ...money import format_money
from ...payments import connect
from ...subscriptions import settling_attention
from ...subscriptions.models import Invoice, Subscription
from ...subscriptions.money_back_models import Dispute, Refund
from ...subscriptions.queries import UNKNOWN_PRICE
from ...subscriptions.stranger_models import Stranger
from . import names, waiting

TEMPLATES = "lms_memberships/creator/attention/"
#: More memberships than a list of choices can show are searched for in Stripe instead.
MOST_CHOICES = 500


@require_http_methods(["GET", "HEAD", "POST"])
@asks_stripe("POST")
def double(request: HttpRequest, pk: int) -> HttpResponse:
    """GET asks once, and shows the money. POST cancels the second and gives all of it back."""
    _check(request, names.REFUNDING, names.ENDING)
    second = get_object_or_404(Subscription.objects.select_related("membership", "user"), pk=pk)
    if request.method != "POST":
        money = settling_attention.money_of(second)
        context = {"second": second, "money": format_money(money, get_language() or "en"), "back_url": _list("doubles")}
        return render(request, f"{TEMPLATES}double.html", context)

    def resolve() -> str:
        settling_attention.undo_second(second, author=request.user, gateway=connect.get_gateway(), now=clock.now())  # type: ignore[arg-type]
        return _("The second is cancelled, and all that was paid for it is on its way back.")

    return _resolved(request, resolve, "doubles")


@require_POST
def leave_double(request: HttpRequest, pk: int) -> HttpResponse:
    """It stays as it is, while the account that charges it cannot be asked."""
    _check(request, names.REFUNDING, names.ENDING)
    found = get_object_or_404(Subscription.objects.select_related("membership"), pk=pk)
    return _left(request, found, settling_attention.leave_double, "doubles")


@require_http_methods(["GET", "HEAD", "POST"])
@asks_stripe("POST")
def price(request: HttpRequest, pk: int) -> HttpResponse:
    """Which membership does the unknown price belong to?"""
    _check(request, names.LINKING)
    rows = Subscription.objects.filter(flag=UNKNOWN_PRICE).select_related("membership", "user")
    found = get_object_or_404(rows, pk=pk)
    choices = Membership.objects.order_by("title", "pk")
    if found.opened_at is None:
        # A different one's price would open nothing (S9).
        choices = choices.filter(pk=found.membership_id)
    if request.method != "POST":
        context = {"found": found, "choices": choices[:MOST_CHOICES], "back_url": _list("prices")}
        return render(request, f"{TEMPLATES}price.html", context)
    membership = get_object_or_404(Membership, pk=_number(request.POST.get("membership")))

    def resolve() -> str:
        settling_attention.choose_price(found, membership, gateway=connect.get_gateway(), now=clock.now())
        log(instance=membership, action=PRICE_CHOSEN, user=request.user, data={"subscription": found.stripe_id})
        return _("The price is known now, and the subscription was read again.")

    return _resolved(request, resolve, "prices")


@require_POST
def leave_price(request: HttpRequest, pk: int) -> HttpResponse:
    """It stays as it is."""
    _check(request, names.LINKING)
    found = get_object_or_404(Subscription.objects.select_related("membership"), pk=pk, flag=UNKNOWN_PRICE)
    if settling_attention.leave(found.pk, now=clock.now()):
        _note(request, found.membership, found.stripe_id)
    return _back(request, "prices")


@require_POST
def leave_stranger(request: HttpRequest, pk: int) -> HttpResponse:
    """Nobody's here, and it stays so."""
    _check(request, names.LINKING)
    found = get_object_or_404(Stranger.objects.select_related("membership"), pk=pk)
    if Stranger.objects.filter(pk=pk, settled_at=None).update(settled_at=clock.now()):
        _note(request, found.membership, found.stripe_id)
    return _back(request, "strangers")


@require_POST
def refund_done(request: HttpRequest, pk: int) -> HttpResponse:
    """Somebody has seen to the person's money in another way."""
    _check(request, names.REFUNDING)
    found = get_object_or_404(Refund.objects.select_related("membership"), pk=pk, state__in=Refund.WITHOUT_AVAIL)
    if Refund.objects.to_be_looked_at().filter(pk=pk).update(dealt_with_at=clock.now()):
        # What Stripe refused to make has no id.
        _note(request, found.membership, found.stripe_id or found.payment_intent_id)
    return _back(request, "refunds")


@require_POST
@asks_stripe("POST")
def dispute(request: HttpRequest, pk: int) -> HttpResponse:
    """Read it again: somebody has just answered the bank."""
    _check(request, names.REFUNDING)
    found = get_object_or_404(Dispute, pk=pk)

    def resolve() -> str:
        settling_attention.read_dispute_again(found, gateway=connect.get_gateway(), now=clock.now())
        return _("Stripe says: %(status)s.") % {"status": found.get_status_display()}

    return _resolved(request, resolve, "disputes")


@require_POST
def leave_dispute(request: HttpRequest, pk: int) -> HttpResponse:
    """It stays as it is, while its account cannot be asked."""
    _check(request, names.REFUNDING)
    found = get_object_or_404(Dispute.objects.select_related("membership"), pk=pk)
    return _left(request, found, settling_attention.leave_dispute, "disputes")


@require_POST
@asks_stripe("POST")
def invoice(request: HttpRequest, pk: int) -> HttpResponse:
    """Read it again."""
    _check(request, names.REFUNDING)
    found = get_object_or_404(Invoice, pk=pk)

    def resolve() -> str:
        doubt = settling_attention.read_invoice_again(found, gateway=connect.get_gateway(), now=clock.now())
        return _("It is still doubtful.") if doubt else _("Our copy is as Stripe has it.")

    return _resolved(request, resolve, "invoices")


@require_POST
def leave_invoice(request: HttpRequest, pk: int) -> HttpResponse:
    """It stays as it is."""
    _check(request, names.REFUNDING)
    found = get_object_or_404(Invoice.objects.select_related("membership").exclude(doubt=""), pk=pk)
    if settling_attention.leave_invoice(found.pk):
        _note(request, found.membership, found.stripe_id)
    return _back(request, "invoices")


def _resolved(request: HttpRequest, resolve: Callable[[], str], kind: str) -> HttpResponse:
    try:
        messages.success(request, resolve())
    except Refusal as refusal:
        messages.error(request, str(refusal.message))
    except OutsideFailure as failure:
        # It names Stripe, and says whether another try may help.
        messages.warning(request, str(failure.message))
    waiting.forget()
    return HttpResponseRedirect(_list(kind))


def _left(request: HttpRequest, found: Subscription | Dispute, leave: Callable[..., bool], kind: str) -> HttpResponse:
    def resolve() -> str:
        if leave(found, at=connect.current(), now=clock.now()):
            _note(request, found.membership, found.stripe_id)
        return _("It is off the list.")

    return _resolved(request, resolve, kind)


def _check(request: HttpRequest, *permissions: str) -> None:
    if not all(request.user.has_perm(each) for each in permissions):
        raise PermissionDenied


def _note(request: HttpRequest, membership: Model | None, what: str) -> None:
    if membership is not None:
        log(instance=membership, action=ATTENTION_SETTLED, user=request.user, data={"what": what})


def _back(request: HttpRequest, kind: str) -> HttpResponse:
    waiting.forget()
    messages.success(request, _("It is off the list."))
    return HttpResponseRedirect(_list(kind))


def _list(kind: str) -> str:
    return f"{reverse(names.LIST)}?kind={kind}"


def _number(typed: str | None) -> int:
    return int(typed) if typed and typed.isascii() and typed.isdigit() and len(typed) < 19 else 0
