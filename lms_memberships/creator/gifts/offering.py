"""How does a creator say for how long, and for how much, a membership can be given?"""

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import FormView
from wagtail.admin import messages
from wagtail.admin.views.generic import WagtailAdminTemplateMixin
from wagtail.admin.views.generic.permissions import PermissionCheckedMixin
from wagtail.log_actions import log
from wagtail.permission_policies import ModelPermissionPolicy

from ... import clock
from ...asking import asks_stripe
from ...errors import Refusal
from ...history import GIFT_OFFERS_CHANGED
from ...memberships import gift_offers
from ...memberships.models import Membership
from ...payments import connect
from .forms import OffersForm
from .views import OFFER, OFFERS, OfferIndex


@method_decorator(asks_stripe("POST"), name="post")
class OfferPage(PermissionCheckedMixin, WagtailAdminTemplateMixin, FormView):
    """One amount for each length. Stripe confirms each before anybody can give it."""

    permission_policy = ModelPermissionPolicy(Membership)
    permission_required = "set_price"
    page_title = gettext_lazy("What gifts cost")
    header_icon = "tag"
    form_class = OffersForm
    template_name = "lms_memberships/creator/gifts/offers.html"

    @cached_property
    def membership(self) -> Membership:
        return get_object_or_404(Membership.objects.prefetch_related("gift_offers"), pk=self.kwargs["pk"])

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "membership": self.membership}

    def form_valid(self, form: OffersForm) -> HttpResponse:
        gift_offers.write(self.membership, form.wanted())
        log(instance=self.membership, action=GIFT_OFFERS_CHANGED, user=self.request.user)
        try:
            left = gift_offers.prepare(self.membership, gateway=connect.get_gateway(), now=clock.now())
        except Refusal as refusal:
            messages.error(self.request, str(refusal.message))
        else:
            if left:
                messages.error(self.request, _("Saved, but Stripe has not taken every price yet. Save again to retry."))
            else:
                messages.success(self.request, _("Saved: this is what gifts cost now."))
        return HttpResponseRedirect(reverse(OFFER, args=[self.membership.pk]))

    def get_breadcrumbs_items(self) -> list[dict[str, object]]:
        above = {"url": reverse(OFFERS), "label": OfferIndex.page_title}
        return [*super().get_breadcrumbs_items(), above, {"url": "", "label": self.membership.title}]

    def get_context_data(self, **kwargs: object) -> dict:
        context = super().get_context_data(**kwargs)
        context["membership"] = self.membership
        context["action_url"] = reverse(OFFER, args=[self.membership.pk])
        context["submit_button_label"] = _("Save")
        context["submit_button_active_label"] = _("Saving…")
        context["breadcrumbs_items"] = self.get_breadcrumbs_items()
        context["media"] = context["form"].media
        return context
