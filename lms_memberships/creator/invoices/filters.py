"""By what are the invoices narrowed? Person, day, status, membership and currency, all by the database (W25–W27)."""

from datetime import date

import django_filters
from django import forms
from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.utils.functional import lazy
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from wagtail.admin.filters import WagtailFilterSet

from ...memberships.models import Membership
from ...money import currency_choices
from ...subscriptions import spans
from ...subscriptions.models import Invoice

#: Stripe's words, in the reader's.
STATUSES = {
    "draft": pgettext_lazy("invoice", "Draft"),
    "open": pgettext_lazy("invoice", "Open"),
    "paid": pgettext_lazy("invoice", "Paid"),
    "uncollectible": pgettext_lazy("invoice", "Written off"),
    "void": pgettext_lazy("invoice", "Void"),
}
SHORTEST_PART = 3


def memberships(request: object) -> QuerySet[Membership]:
    return Membership.objects.order_by("title")


def currencies() -> list[tuple[str, str]]:
    return currency_choices(get_language() or "en")


class InvoiceFilterSet(WagtailFilterSet):
    """Days are those of the site, and a day that is named is in it to its last moment (I7)."""

    person = django_filters.CharFilter(
        label=gettext_lazy("Person"),
        method="by_person",
        help_text=gettext_lazy("The whole user name or e-mail address."),
    )
    membership = django_filters.ModelChoiceFilter(label=gettext_lazy("Membership"), queryset=memberships)
    status = django_filters.ChoiceFilter(
        label=gettext_lazy("Status"),
        choices=list(STATUSES.items()),
        empty_label=pgettext_lazy("invoices", "All"),
        widget=forms.RadioSelect,
    )
    since = django_filters.DateFilter(
        label=gettext_lazy("From"), method="by_first_day", widget=forms.DateInput(attrs={"type": "date"})
    )
    until = django_filters.DateFilter(
        label=gettext_lazy("To"), method="by_last_day", widget=forms.DateInput(attrs={"type": "date"})
    )
    currency = django_filters.ChoiceFilter(label=gettext_lazy("Currency"), choices=lazy(currencies, list)())

    class Meta:
        model = Invoice
        fields = ("person", "since", "until", "membership", "status", "currency")

    def by_person(self, invoices: QuerySet, name: str, value: str) -> QuerySet:
        return invoices.filter(user__in=people(value, "iexact"))

    def by_first_day(self, invoices: QuerySet, name: str, value: date) -> QuerySet:
        return invoices.filter(created_at__gte=spans.day_begins(value))

    def by_last_day(self, invoices: QuerySet, name: str, value: date) -> QuerySet:
        return invoices.filter(created_at__lt=spans.day_ends(value))


def people(value: str, lookup: str) -> QuerySet:
    """Whose name or address that is: of whatever model the site has for its people."""
    model = get_user_model()
    names = {model.USERNAME_FIELD, model.get_email_field_name()}
    found = Q()
    for name in sorted(names):
        found |= Q(**{f"{name}__{lookup}": value})
    return model._default_manager.filter(found).values("pk")


def search(invoices: QuerySet[Invoice], words: str) -> QuerySet[Invoice]:
    """By number, by an id of Stripe's, or by e-mail address; only what it can be is looked for."""
    words = words.strip()
    if "@" in words:
        return invoices.filter(user__in=people(words, "icontains"))
    if words.startswith(("in_", "pi_", "sub_")):
        return invoices.filter(Q(stripe_id=words) | Q(payment_intent_id=words) | Q(subscription__stripe_id=words))
    if len(words) < SHORTEST_PART:
        return invoices.filter(number__istartswith=words)
    return invoices.filter(
        Q(number__icontains=words) | Q(stripe_id__icontains=words) | Q(user__in=people(words, "icontains"))
    )
