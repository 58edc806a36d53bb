"""What does a creator fill in to make a promotion code, and to give one to a member?"""

import uuid
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from ... import clock, conf, money
from ...memberships import promotion_making
from ...memberships.models import Membership
from ...memberships.promotion_making import Draft
from ...memberships.promotion_models import PromotionCode
from ...payments.connect import Connection

#: More months than a coupon of Stripe's may repeat.
MOST_MONTHS = 36


class PromotionCodeForm(forms.Form):
    """One code and what it takes off. Sent twice, it makes one code: ``token`` is the same."""

    token = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    code = forms.CharField(
        label=_("Code"),
        required=False,
        max_length=40,
        validators=[RegexValidator(r"^[A-Za-z0-9-]+\Z", _("Only letters, figures and hyphens, without accents."))],
        help_text=_("What students type. Leave it empty for ten letters and figures that nobody can guess."),
    )
    percent = forms.DecimalField(
        label=_("Percent off"),
        required=False,
        min_value=Decimal("0.01"),
        max_value=100,
        decimal_places=2,
        help_text=_("A share of the price, or an amount below."),
    )
    amount = forms.CharField(
        label=_("Amount off"),
        required=False,
        max_length=24,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    currency = forms.ChoiceField(
        label=_("Currency of the amount"), help_text=_("It must be the currency of the memberships' prices.")
    )
    duration = forms.ChoiceField(
        label=_("Applies to"), choices=PromotionCode.Duration.choices, initial=PromotionCode.Duration.ONCE
    )
    months = forms.IntegerField(
        label=_("Number of months"), required=False, min_value=1, max_value=MOST_MONTHS, help_text=_("For some months.")
    )
    memberships = forms.ModelMultipleChoiceField(
        label=_("Memberships"),
        queryset=Membership.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Choose none for all of them. Memberships that were published once are listed."),
    )
    max_redemptions = forms.IntegerField(
        label=_("How often it can be used"), required=False, min_value=1, help_text=_("Leave it empty for no limit.")
    )
    last_day = forms.DateField(
        label=_("Last day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("It can be used until midnight at the end of this day, in the site's time zone."),
    )
    first_time_only = forms.BooleanField(label=_("Only for a first purchase"), required=False)

    def __init__(self, *args: Any, connection: Connection, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["memberships"].queryset = promotion_making.sellable(connection)
        self.fields["currency"].choices = money.currency_choices(get_language() or "en")
        self.fields["currency"].initial = conf.DEFAULT_CURRENCY

    def clean_last_day(self) -> object:
        day = self.cleaned_data["last_day"]
        if day is not None and day < timezone.localdate(clock.now(), timezone.get_default_timezone()):
            raise ValidationError(_("This day is over."))
        return day

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        self._clean_what_is_taken_off(cleaned)
        if cleaned.get("duration") == PromotionCode.Duration.REPEATING and not cleaned.get("months"):
            self.add_error("months", _("Say for how many months."))
        return cleaned

    def _clean_what_is_taken_off(self, cleaned: dict[str, Any]) -> None:
        """Exactly one of the two."""
        cleaned["money_off"] = None
        if cleaned.get("percent") and cleaned.get("amount"):
            self.add_error("amount", _("Choose a share in percent or an amount, not both."))
        elif cleaned.get("amount"):
            try:
                cleaned["money_off"] = money.parse(cleaned["amount"], cleaned.get("currency", ""))
            except money.AmountRefused as refusal:
                self.add_error("amount", str(refusal.message))
            else:
                if cleaned["money_off"].minor == 0:
                    self.add_error("amount", _("Enter an amount of more than zero."))
        elif not cleaned.get("percent") and "percent" not in self.errors:
            self.add_error("percent", _("Enter a share in percent, or an amount."))

    def draft(self) -> Draft:
        """What is asked for. A code that we choose is chosen once for a form, so that a second press finds it."""
        wanted = self.cleaned_data
        repeats = wanted["duration"] == PromotionCode.Duration.REPEATING
        return Draft(
            token=str(wanted["token"]),
            code=wanted["code"] or promotion_making.letters_of(wanted["token"]),
            name="",
            percent_off=None if wanted["percent"] is None else int(wanted["percent"].scaleb(2)),
            money_off=wanted["money_off"],
            duration=wanted["duration"],
            months=wanted["months"] if repeats else None,
            memberships=tuple(wanted["memberships"]),
            max_redemptions=wanted["max_redemptions"],
            last_day=wanted["last_day"],
            first_time_only=wanted["first_time_only"],
        )


class GiveForm(forms.Form):
    """Whose running subscription gets the discount."""

    person = forms.CharField(label=_("E-mail address or user name of the member"), max_length=254)
