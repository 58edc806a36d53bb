"""What does the admin say of one gift, and what can be done with it: sent again, mended, given back?"""

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django.views.generic import TemplateView
from wagtail.admin import messages
from wagtail.admin.views.generic import WagtailAdminTemplateMixin
from wagtail.admin.views.generic.permissions import PermissionCheckedMixin
from wagtail.log_actions import log

from ... import clock
from ...asking import asks_stripe
from ...emails import gift_delivery
from ...errors import OutsideFailure, Refusal
from ...history import GIFT_CHANGED, GIFT_REFUNDED, GIFT_SENT_AGAIN
from ...memberships.gift_offers import length_text
from ...money import format_money
from ...payments import connect
from ...payments.customers import email_of
from ...subscriptions import disputed, gift_refunding
from ...subscriptions.gift_models import Gift
from .forms import DeliveryForm
from .views import CHANGE_PERMISSION, DISPUTED, LIST, POLICY, PROBLEMS, REFUND_PERMISSION, SEEING, SHOW, GiftIndex


class GiftPage(PermissionCheckedMixin, WagtailAdminTemplateMixin, TemplateView):
    """One gift. Its link is not shown: it belongs to whoever gave it, and to whoever it is for."""

    permission_policy = POLICY
    any_permission_required = SEEING
    header_icon = "tag"
    template_name = "lms_memberships/creator/gifts/show.html"

    def get_page_title(self) -> str:
        return f"{self.gift.membership.title}, {length_text(self.gift.months)}"

    def get_breadcrumbs_items(self) -> list[dict[str, object]]:
        above = {"url": reverse(LIST), "label": GiftIndex.page_title}
        return [*super().get_breadcrumbs_items(), above, {"url": "", "label": self.get_page_title()}]

    def get_context_data(self, **kwargs: object) -> dict:
        self.gift = get_object_or_404(bought(), pk=self.kwargs["pk"])
        context = super().get_context_data(**kwargs)
        now, user = clock.now(), self.request.user
        is_open = self.gift.is_redeemable and not self.gift.is_over(now)
        context["gift"] = self.gift
        context["facts"] = _facts(self.gift)
        context["problem"] = DISPUTED if self.gift.is_disputed else PROBLEMS.get(self.gift.problem, "")
        context["may_change"] = is_open and user.has_perm(CHANGE_PERMISSION)
        context["may_send"] = context["may_change"] and self.gift.is_mailed
        context["may_refund"] = self.gift.state in Gift.REFUNDABLE and user.has_perm(REFUND_PERMISSION)
        context["is_redeemed"] = self.gift.state == Gift.State.REDEEMED
        context["form"] = DeliveryForm(gift=self.gift, now=now)
        context["breadcrumbs_items"] = self.get_breadcrumbs_items()
        return context


@require_POST
def resend(request: HttpRequest, pk: int) -> HttpResponse:
    """To the same address once more."""
    gift = _of(request, pk, CHANGE_PERMISSION)
    try:
        gift_delivery.send_again(gift, now=clock.now())
    except Refusal as refusal:
        messages.error(request, str(refusal.message))
    else:
        log(instance=gift.membership, action=GIFT_SENT_AGAIN, user=request.user, data={"gift": gift.pk})
        messages.success(request, _("The gift is mailed again."))
    return _back(gift)


@require_POST
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Another address, name or day, until somebody has redeemed it."""
    gift = _of(request, pk, CHANGE_PERMISSION)
    form = DeliveryForm(request.POST, gift=gift, now=clock.now())
    if not form.is_valid():
        messages.error(request, " ".join(text for texts in form.errors.values() for text in texts))
        return _back(gift)
    wanted = form.cleaned_data
    try:
        gift_delivery.change(
            gift,
            name=wanted["recipient_name"],
            email=wanted["recipient_email"],
            deliver_on=wanted["deliver_on"],
            now=clock.now(),
        )
    except Refusal as refusal:
        messages.error(request, str(refusal.message))
    else:
        log(instance=gift.membership, action=GIFT_CHANGED, user=request.user, data={"gift": gift.pk})
        messages.success(request, _("The delivery of the gift was changed."))
    return _back(gift)


@require_POST
@asks_stripe("POST")
def refund(request: HttpRequest, pk: int) -> HttpResponse:
    """All of its money, as long as nobody has redeemed it."""
    gift = _of(request, pk, REFUND_PERMISSION)
    try:
        gift_refunding.refund(gift, gateway=connect.get_gateway(), now=clock.now())
    except (Refusal, OutsideFailure) as no:
        messages.error(request, str(no.message))
    else:
        log(instance=gift.membership, action=GIFT_REFUNDED, user=request.user, data={"gift": gift.pk})
        messages.success(request, _("The money is on its way back, and the link of the gift opens nothing any more."))
    return _back(gift)


def bought() -> QuerySet[Gift]:
    rows = Gift.objects.bought().annotate(is_disputed=disputed.whether_gift_is())
    return rows.select_related("membership", "giver", "user")


def _of(request: HttpRequest, pk: int, permission: str) -> Gift:
    if not request.user.has_perm(permission):
        raise PermissionDenied
    return get_object_or_404(bought(), pk=pk)


def _back(gift: Gift) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse(SHOW, args=[gift.pk]))


def _facts(gift: Gift) -> list[tuple[object, object]]:
    """Label and words, those that say something."""
    facts = [
        (gettext_lazy("State"), gift.get_state_display()),
        (gettext_lazy("Giver"), f"{gift.giver.get_username()} ({email_of(gift.giver)})"),
        (gettext_lazy("For"), gift.recipient_name),
        (gettext_lazy("E-mail address"), gift.recipient_email or _("none: the giver hands it over")),
        (pgettext_lazy("gift", "Paid"), format_money(gift.money, get_language() or "en")),
        (gettext_lazy("Delivery"), date_format(gift.deliver_on)),
        (gettext_lazy("Mailed"), _moment(gift.delivered_at)),
        (gettext_lazy("Can be redeemed until"), _moment(gift.redeem_until)),
        (gettext_lazy("Redeemed"), _moment(gift.redeemed_at)),
        (gettext_lazy("Redeemed by"), gift.user.get_username() if gift.user else ""),
        (gettext_lazy("Begins"), _moment(gift.starts_at)),
        (gettext_lazy("Returned"), _moment(gift.refunded_at)),
        (gettext_lazy("Payment at Stripe"), gift.payment_intent_id),
    ]
    return [(label, words) for label, words in facts if words]


def _moment(moment: object) -> str:
    return date_format(timezone.localtime(moment), "SHORT_DATETIME_FORMAT") if moment else ""  # type: ignore[arg-type]
