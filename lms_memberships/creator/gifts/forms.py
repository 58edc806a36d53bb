"""What does a creator fill in: what gifts cost, and where one that was bought goes?"""

from datetime import date, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ... import money
from ...memberships.gift_offers import LENGTHS, length_text
from ...memberships.models import Membership
from ...money import Money
from ...subscriptions.gift_models import Gift


class OffersForm(forms.Form):
    """One amount for each length, in the currency of the membership; empty: not offered."""

    def __init__(self, *args: Any, membership: Membership, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = membership.currency
        offers = {row.months: row for row in membership.gift_offers.all()}
        #: Why Stripe has not taken some of them.
        self.failures = [(length_text(row.months), row.failure) for row in offers.values() if row.is_on and row.failure]
        for months in LENGTHS:
            row = offers.get(months)
            is_shown = row is not None and row.is_on and row.currency == self.currency
            self.fields[f"months_{months}"] = forms.CharField(
                label=length_text(months),
                required=False,
                max_length=24,
                initial=f"{money.to_decimal(row.money)}" if row is not None and is_shown else "",
                widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
            )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for months in LENGTHS:
            name = f"months_{months}"
            try:
                cleaned[name] = self._amount(cleaned.get(name, ""))
            except money.AmountRefused as refusal:
                self.add_error(name, str(refusal.message))
        return cleaned

    def _amount(self, typed: str) -> Money | None:
        if not typed.strip():
            return None
        found = money.parse(typed, self.currency)
        if found.minor == 0:
            raise money.NotAnAmount(_("Enter an amount of more than zero."))
        return found

    def wanted(self) -> dict[int, Money | None]:
        return {months: self.cleaned_data[f"months_{months}"] for months in LENGTHS}


class DeliveryForm(forms.Form):
    """To whom one goes, and when."""

    recipient_name = forms.CharField(label=_("Name"), required=False, max_length=100)
    recipient_email = forms.EmailField(label=_("E-mail address"), max_length=254)
    deliver_on = forms.DateField(
        label=_("Day of delivery"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Mailed already, it goes out again: to another address at once if the day has come."),
    )

    def __init__(self, *args: Any, gift: Gift, now: datetime, **kwargs: Any) -> None:
        names = ("recipient_name", "recipient_email", "deliver_on")
        super().__init__(*args, initial={name: getattr(gift, name) for name in names}, **kwargs)
        self.today = timezone.localdate(now, timezone.get_default_timezone())
        self.planned = gift.deliver_on

    def clean_deliver_on(self) -> date:
        day: date = self.cleaned_data["deliver_on"]
        if day < self.today and day != self.planned:
            raise ValidationError(_("This day is over."))
        return day
