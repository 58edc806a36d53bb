"""What does the page of one person show? All that they hold, held, paid and were told, in a constant number of queries."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.forms import Media
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.generic import TemplateView
from wagtail.admin.staticfiles import versioned_static
from wagtail.admin.views.generic import WagtailAdminTemplateMixin

from ... import clock
from ...access.sight import visible_to
from ...emails import drop_reasons
from ...emails.catalogue import CATALOGUE
from ...emails.models import Email
from ...money import Money, format_money
from ...payments.customers import email_of, full_name_of
from ...payments.models import Customer
from ...personal_data import erasing
from ...subscriptions import amounts, deed_failures, disputed
from ...subscriptions.deed_models import Deed
from ...subscriptions.invoice_sums import with_what_went_back
from ...subscriptions.models import Invoice, Subscription
from ...subscriptions.payments_made import with_what_is_left
from ..at_stripe import url_at_stripe
from . import doubles, names
from .access import check, name_of, person
from .buttons import Button, buttons_of, buttons_of_person
from .dates import day, minute
from .progress import learnt_by
from .slices import Slice, slice_of
from .timeline import facts_of
from .words import State, state_of

#: A person holds a handful; whoever has more is looked at page by page.
HELD_PER_PAGE, ROWS_PER_PAGE = 20, 10
INVOICE_STATUSES = {
    "draft": gettext_lazy("Draft"),
    "open": gettext_lazy("To pay"),
    "paid": gettext_lazy("Paid"),
    "uncollectible": gettext_lazy("Written off"),
    "void": gettext_lazy("Voided"),
}


@dataclass(frozen=True)
class Done:
    """What staff did, and why it was not done after all."""

    deed: Deed
    is_refused: bool
    why_not: str


@dataclass(frozen=True)
class Held:
    """One subscription, as its card shows it."""

    subscription: Subscription
    state: State
    stripe_url: str
    #: Why it was given, and by whom; or what else was done with it.
    deeds: list[Done]
    buttons: list[Button]


class PersonPage(WagtailAdminTemplateMixin, TemplateView):
    """Nothing here changes anything: each deed has a page of its own, which asks once."""

    header_icon = "user"
    template_name = "lms_memberships/creator/person/page.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        check(request)
        return super().dispatch(request, *args, **kwargs)

    def get_page_title(self) -> str:
        return name_of(self.person)

    def get_breadcrumbs_items(self) -> list[dict[str, object]]:
        return [*super().get_breadcrumbs_items(), {"url": "", "label": self.get_page_title()}]

    def get_context_data(self, **kwargs: object) -> dict:
        self.person = person(self.kwargs["pk"])
        context = super().get_context_data(**kwargs)
        request, may = self.request, self.request.user.has_perm
        now, language = clock.now(), get_language() or "en"
        held = slice_of(_held(self.person), request.GET, "held", size=HELD_PER_PAGE)
        twice = doubles.said_of(held.rows, self.person, now=now)
        cards = [_card(row, request, language, twice.get(row.pk, "")) for row in held.rows]
        context |= {
            "person": self.person,
            "facts": _facts(self.person, held.rows),
            "customers": _customers(self.person),
            "erasing": erasing.pending_for(self.person),
            "buttons": buttons_of_person(self.person.pk, may),
            "held": Slice(cards, held.number, held.older, held.newer),
            "timeline": facts_of(self.person, request, language=language),
            "learnt": learnt_by(self.person, request.GET, seen=visible_to(request.user)),
            "invoices": _invoices(self.person, request, language) if may(names.SEE_INVOICES) else None,
            "may_refund": may(names.REFUND),
            "emails": _emails(self.person, request) if may(names.SEE_EMAILS) else None,
            "now": now,
        }
        context["breadcrumbs_items"] = self.get_breadcrumbs_items()
        context["media"] = Media(css={"all": [versioned_static("lms_memberships/creator/person.css")]})
        return context


def _held(user: Any) -> QuerySet[Subscription]:
    deeds = Deed.objects.select_related("by").order_by("-done_at", "-pk")
    mine = with_what_is_left(Subscription.objects.filter(user=user)).select_related("membership", "price")
    rows = amounts.with_what_is_planned(disputed.with_decided(mine))
    return rows.prefetch_related(Prefetch("deeds", queryset=deeds)).order_by("-started_at", "-pk")


def _card(row: Subscription, request: HttpRequest, language: str, twice: str) -> Held:
    now = clock.now()
    return Held(
        subscription=row,
        state=state_of(row, now=now, language=language, twice=twice),
        stripe_url=url_at_stripe(row, _kind_of(row)) if row.stripe_id else "",
        deeds=[Done(deed, deed_failures.is_refused(deed), deed_failures.why(deed)) for deed in row.deeds.all()],
        buttons=buttons_of(row, request.user.has_perm, now=now),
    )


def _kind_of(row: Subscription) -> str:
    return "subscriptions" if row.is_recurring else "payments"


def _facts(user: Any, held: list[Subscription]) -> list[tuple[object, object]]:
    language = next((row.language for row in held if row.language), "")
    facts = [
        (gettext_lazy("Name"), full_name_of(user)),
        (gettext_lazy("User name"), user.get_username()),
        (gettext_lazy("E-mail address"), email_of(user)),
        (gettext_lazy("Language"), language),
        (gettext_lazy("Joined"), day(getattr(user, "date_joined", None))),
        (gettext_lazy("Last signed in"), minute(getattr(user, "last_login", None))),
        (gettext_lazy("Active"), _("Yes") if user.is_active else _("No")),
    ]
    return [(label, words) for label, words in facts if words]


def _customers(user: Any) -> list[tuple[str, str]]:
    rows = Customer.objects.filter(user=user).order_by("pk")
    return [(row.stripe_id, url_at_stripe(row, "customers")) for row in rows]


def _invoices(user: Any, request: HttpRequest, language: str) -> Slice:
    rows = Invoice.objects.filter(user=user).select_related("membership", "subscription").order_by("-created_at", "-pk")
    found = slice_of(with_what_went_back(rows), request.GET, "invoices", size=ROWS_PER_PAGE)
    shown = [
        {
            "invoice": row,
            "date": day(row.created_at),
            "money": format_money(row.total_money, language),
            "paid": format_money(Money(row.amount_paid, row.currency), language),
            "given_back": format_money(Money(row.given_back, row.currency), language) if row.given_back else "",
            "status": INVOICE_STATUSES.get(row.status, row.status),
            # Of a draft Stripe has neither.
            "has_pages": row.status != "draft",
        }
        for row in found.rows
    ]
    return Slice(shown, found.number, found.older, found.newer)


def _emails(user: Any, request: HttpRequest) -> Slice:
    rows = Email.objects.filter(user=user).select_related("membership").order_by("-owed_at", "-pk")
    found = slice_of(rows, request.GET, "emails", size=ROWS_PER_PAGE)
    may_send = request.user.has_perm(names.SEND_AGAIN)
    return Slice([_email(row, may_send) for row in found.rows], found.number, found.older, found.newer)


def _email(row: Email, may_send: bool) -> dict[str, object]:  # noqa: FBT001 - as the permission says
    entry = CATALOGUE.get(row.kind)  # type: ignore[call-overload]
    url = reverse(names.name("send_again"), args=[row.user_id, row.pk]) if may_send else ""
    return {
        "email": row,
        "kind": entry.label if entry else row.kind,
        "date": minute(row.sent_at or row.owed_at),
        "trouble": drop_reasons.REASONS.get(row.failure, row.failure),
        "again_url": url if row.state in SENDABLE else "",
    }


#: What "send again" begins anew.
SENDABLE = (Email.State.OWED, Email.State.UNKNOWN, Email.State.FAILED, Email.State.SENT)
