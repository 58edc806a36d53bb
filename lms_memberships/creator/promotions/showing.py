"""What does the admin say of one promotion code, and how is it given to somebody who is a member already?"""

from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django.views.generic import TemplateView
from wagtail.admin import messages
from wagtail.admin.views.generic import WagtailAdminTemplateMixin
from wagtail.admin.views.generic.permissions import PermissionCheckedMixin
from wagtail.log_actions import log

from ... import clock
from ...asking import asks_stripe
from ...errors import OutsideFailure, Refusal
from ...history import CODE_GIVEN
from ...memberships.addresses import public_url
from ...memberships.promotion_models import PromotionCode
from ...memberships.promotion_words import discount_text
from ...memberships.promotions import CodeNotUsable
from ...payments import connect
from ...subscriptions import discounts
from ...subscriptions.models import Subscription
from ...subscriptions.queries import BILLED
from . import states
from .forms import GiveForm
from .views import CHANGE_PERMISSION, LIST, POLICY, SHOW, PromotionIndex, codes_here


class NobodyThere(Refusal):
    message = _("Nobody with this address or name has a running subscription that the code is for.")


class SeveralThere(Refusal):
    message = _("This member has several running subscriptions that the code is for: it cannot be told which is meant.")


class PromotionPage(PermissionCheckedMixin, WagtailAdminTemplateMixin, TemplateView):
    """One code: what it takes off, how often it was used, the link that carries it, and what can be done with it."""

    permission_policy = POLICY
    any_permission_required = ["view", "add", "change"]
    header_icon = "tag"
    template_name = "lms_memberships/creator/promotions/show.html"

    def get_page_title(self) -> str:
        return self.code.code

    def get_breadcrumbs_items(self) -> list[dict[str, object]]:
        above = {"url": reverse(LIST), "label": PromotionIndex.page_title}
        return [*super().get_breadcrumbs_items(), above, {"url": "", "label": self.code.code}]

    def get_context_data(self, **kwargs: object) -> dict:
        self.code = get_object_or_404(codes_here(), pk=self.kwargs["pk"])
        context = super().get_context_data(**kwargs)
        state = states.state_of(self.code, now=clock.now())
        context["code"] = self.code
        context["facts"] = _facts(self.code, state)
        context["link"] = f"{public_url(reverse('lms_memberships:list'))}?promo={self.code.code}"
        context["is_active"] = state == states.ACTIVE
        context["may_change"] = self.request.user.has_perm(CHANGE_PERMISSION)
        context["form"] = GiveForm()
        context["breadcrumbs_items"] = self.get_breadcrumbs_items()
        return context


@require_POST
@asks_stripe("POST")
def give(request: HttpRequest, pk: int) -> HttpResponse:
    """To a running subscription, from its next payment on; in place of any discount there."""
    if not request.user.has_perm(CHANGE_PERMISSION):
        raise PermissionDenied
    code = get_object_or_404(codes_here(), pk=pk)
    form = GiveForm(request.POST)
    try:
        subscription = _running(form.data.get("person", "").strip()[:254], code)
        discounts.put_on(subscription, code, gateway=connect.get_gateway(), now=clock.now())
    except CodeNotUsable:
        messages.error(request, _("The code is used up."))
    except (Refusal, OutsideFailure) as no:
        messages.error(request, str(no.message))
    else:
        log(instance=code, action=CODE_GIVEN, user=request.user, data={"subscription": subscription.stripe_id})
        words = _("%(student)s gets the discount from the next payment on.")
        messages.success(request, words % {"student": subscription.user.get_username()})
    return HttpResponseRedirect(reverse(SHOW, args=[code.pk]))


def _running(person: str, code: PromotionCode) -> Subscription:
    """The one that is meant. Raises NobodyThere, SeveralThere."""
    user_model = get_user_model()
    named = Q(**{f"{user_model.USERNAME_FIELD}__iexact": person})
    named |= Q(**{f"{user_model.get_email_field_name()}__iexact": person})
    running = Subscription.objects.filter(
        account=code.account,
        livemode=code.livemode,
        user__in=user_model._default_manager.filter(named),
        is_recurring=True,
        status__in=BILLED,
    )
    if code.products:
        running = running.filter(membership__prices__product_id__in=code.products).distinct()
    found = list(running.select_related("user", "membership").order_by("pk")[:2]) if person else []
    if not found:
        raise NobodyThere
    if len(found) > 1:
        raise SeveralThere
    return found[0]


def _facts(code: PromotionCode, state: str) -> list[tuple[object, object]]:
    """Label and words, those that say something."""
    facts = [
        (gettext_lazy("State"), states.LABELS[state]),
        (gettext_lazy("Discount"), discount_text(code, get_language() or "en")),
        (gettext_lazy("Used"), states.use_of(code)),
        (gettext_lazy("Last day"), states.last_day_of(code)),
        (gettext_lazy("Memberships"), states.memberships_of(code, states.titles_by_product())),
        (gettext_lazy("Only for a first purchase"), _("Yes") if code.first_time_only else None),
    ]
    return [(label, words) for label, words in facts if words]
