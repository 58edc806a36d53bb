"""How does a creator move members to another price? Choose, look at what would happen, confirm (X11)."""

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.generic import TemplateView
from wagtail.admin import messages
from wagtail.log_actions import log

from ... import clock, conf
from ...emails import switches
from ...emails.catalogue import EmailKind
from ...errors import Refusal
from ...history import PRICE_MOVE_BEGUN
from ...memberships.models import Membership, Price
from ...memberships.pricing import way_text
from ...memberships.ways import way_of
from ...money import format_money
from ...subscriptions import price_counts, price_moves
from .views import MOVE, PEOPLE, PRICES, PricedMembershipMixin, prices_of

#: So many of those who would be left out are named.
MOST_NAMES = 20


class NoticeIsOff(Refusal):
    message = gettext_lazy("The e-mail “Price changes” is off: switch it on first. Nobody is moved untold.")


class MoveForm(forms.Form):
    """To which price, and from which day."""

    target = forms.TypedChoiceField(label=gettext_lazy("Move these members to"), coerce=int)
    on = forms.DateField(
        label=gettext_lazy("From this day"),
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=gettext_lazy("Each member pays the new price with the first payment after this day."),
    )

    def __init__(self, *args: Any, targets: list[Price], first_day: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        language = get_language() or "en"
        self.targets = {price.pk: price for price in targets}
        choices = [(price.pk, way_text(way_of(price), language)) for price in targets]
        self.fields["target"].choices = choices
        self.fields["on"].initial = first_day
        self.fields["on"].widget.attrs["min"] = first_day.isoformat()

    @property
    def chosen(self) -> Price:
        return self.targets[self.cleaned_data["target"]]


class MovePage(PricedMembershipMixin, TemplateView):
    """GET asks, and with an answer shows what would happen; POST begins it."""

    page_title = gettext_lazy("Move members to another price")
    template_name = "lms_memberships/creator/prices/move.html"

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if not request.user.is_authenticated:
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def setup(self, request: HttpRequest, *args: object, **kwargs: object) -> None:
        super().setup(request, *args, **kwargs)
        self.now = clock.now()

    def get(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        asked = request.GET if "target" in request.GET else None
        return self.render_to_response(self.get_context_data(form=self._form(asked)))

    def post(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        form = self._form(request.POST)
        if not form.is_valid():
            return self.render_to_response(self.get_context_data(form=form))
        try:
            if not switches.is_on(EmailKind.PRICE_CHANGE, self.membership.pk):
                raise NoticeIsOff
            move = price_moves.start(
                self.price,
                form.chosen,
                membership=self.membership,
                on=form.cleaned_data["on"],
                by=request.user,  # type: ignore[arg-type]  # whoever may set prices is somebody
                now=self.now,
            )
        except Refusal as refusal:
            form.add_error(None, str(refusal.message))
            return self.render_to_response(self.get_context_data(form=form))
        data = {"old": move.old_price_id, "new": move.new_price_id}
        log(instance=self.membership, action=PRICE_MOVE_BEGUN, user=request.user, data=data)
        messages.success(request, _("The members are told by e-mail now, and moved on the day."))
        return HttpResponseRedirect(reverse(PEOPLE, args=[move.pk]))

    def get_context_data(self, **kwargs: Any) -> dict:
        context = super().get_context_data(**kwargs)
        form, language = kwargs["form"], get_language() or "en"
        held = price_counts.count([self.price.pk], now=self.now).get(self.price.pk, 0)
        context |= {
            "membership": self.membership,
            "price": way_text(way_of(self.price), language),
            "members": held,
            "can_be_left": price_moves.can_be_left(self.price, self.membership),
            "has_targets": bool(form.targets),
            "is_notice_on": switches.is_on(EmailKind.PRICE_CHANGE, self.membership.pk),
            "email_url": f"{reverse('lms_memberships_email_settings')}?membership={self.membership.pk}",
            "notice_days": conf.PRICE_CHANGE_NOTICE_DAYS,
            "prices_url": reverse(PRICES, args=[self.membership.pk]),
            "action_url": reverse(MOVE, args=[self.membership.pk, self.price.pk]),
            "breadcrumbs_items": self.get_breadcrumbs_items(),
        }
        if form.is_bound and form.is_valid():
            context |= self._preview(form.chosen, language)
        return context

    def find_membership(self) -> Membership:
        membership = super().find_membership()
        self.price = get_object_or_404(prices_of(membership), pk=self.kwargs["price"])
        return membership

    def _form(self, data: Any) -> MoveForm:
        targets = price_moves.targets(self.price, self.membership) if self.membership.live else []
        return MoveForm(data, targets=targets, first_day=price_moves.first_day(now=self.now))

    def _preview(self, new: Price, language: str) -> dict[str, object]:
        found = price_moves.preview(self.price, new)
        left_out = price_moves.classified(self.price).exclude(why_not="").select_related("user").order_by("pk")
        return {
            "preview": found,
            "new_price": way_text(way_of(new), language),
            "before": format_money(found.before, language),
            "after": format_money(found.after, language),
            "left_out": [
                (each.user.get_username(), price_moves.REASONS[each.why_not]) for each in left_out[:MOST_NAMES]
            ],
        }
