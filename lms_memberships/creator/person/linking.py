"""On which page does a subscription that runs at Stripe become this person's? The id first, then what it is, then the deed."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.utils.functional import cached_property
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from ... import asking, clock
from ...errors import OutsideFailure, Refusal
from ...money import format_money
from ...payments import connect
from ...personal_data import erasing
from ...subscriptions import given_access, linking
from ...subscriptions.deeds import Wish
from ...subscriptions.models import STATUS_LABELS
from . import names
from .acting import Act, DeedForm
from .dates import day


class LinkForm(DeedForm):
    subscription = forms.CharField(
        label=gettext_lazy("Id at Stripe"),
        max_length=255,
        help_text=gettext_lazy("As Stripe's dashboard shows it: it begins with “sub_”."),
    )
    field_order = ["subscription", "reason", "key"]


@method_decorator(asking.asks_stripe(), name="get")
@method_decorator(asking.asks_stripe("POST"), name="post")
class LinkPage(Act):
    """``?subscription=`` shows what Stripe has; only the form below that links it."""

    needs = names.LINK
    page_title = gettext_lazy("Link a subscription")
    button = gettext_lazy("Link it to this account")
    form_class = LinkForm
    template_name = "lms_memberships/creator/person/link.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.look()
        if self.asked:
            asking.count(request)
            self.candidate  # noqa: B018 - read once, for what follows
        return super().get(request, *args, **kwargs)

    @property
    def asked(self) -> str:
        source = self.request.POST if self.request.method == "POST" else self.request.GET
        return source.get("subscription", "").strip()

    @cached_property
    def candidate(self) -> tuple[linking.Candidate | None, str]:
        """What Stripe has, or why it cannot be linked."""
        try:
            found = linking.look(self.person.pk, self.asked, gateway=connect.get_gateway(), now=clock.now())
        except (Refusal, OutsideFailure) as no:
            return None, str(no.message)
        return found, ""

    def get_initial(self) -> dict[str, Any]:
        return {**super().get_initial(), "subscription": self.asked}

    def facts(self) -> list[tuple[object, object]]:
        found = self.candidate[0] if self.asked else None
        if found is None:
            return []
        snapshot, customer = found.snapshot, found.customer
        language = get_language() or "en"
        return [
            (gettext_lazy("At Stripe"), snapshot.id),
            (gettext_lazy("Customer there"), f"{customer.name} {customer.email} ({customer.id})" if customer else ""),
            (gettext_lazy("Status"), STATUS_LABELS[snapshot.status]),
            (gettext_lazy("Costs"), format_money(snapshot.money, language)),
            (gettext_lazy("Next payment"), day(snapshot.current_period_end)),
            (gettext_lazy("Ends"), day(snapshot.cancel_at)),
            (gettext_lazy("Becomes"), _("“%(title)s” of this account") % {"title": found.price.membership.title}),
        ]

    def why_not(self) -> str:
        return self.candidate[1] if self.asked else ""

    def act(self, form: Any, wish: Wish) -> str:
        if erasing.pending_for(self.person):
            raise given_access.AccountIsGone
        stripe_id = form.cleaned_data["subscription"].strip()
        linking.link(self.person.pk, stripe_id, wish=wish, gateway=connect.get_gateway(), now=clock.now())
        return _("It is theirs now, and followed like every other.")

    def get_context_data(self, **kwargs: object) -> dict:
        context = super().get_context_data(**kwargs)
        return {**context, "asked": self.asked, "can_link": bool(self.asked) and self.candidate[0] is not None}
