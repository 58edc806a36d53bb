"""Step 1: what is it called, what does it cost, and who may say so? (U11–U19, X24)."""

from django import forms
from django.utils.translation import gettext_lazy as _
from wagtail.coreutils import get_content_languages

from ..memberships.intervals import choices
from ..memberships.models import Membership
from ..money import AmountRefused
from .further_prices import FurtherPricesField, fill, rows_of
from .leaving_form import STAY_CODE, LeavingForm
from .markdown import MarkdownTextarea
from .money_fields import AmountField, currency_choices, to_minor, typed

AMOUNTS = ("price_amount", "old_price_amount", "setup_fee_amount")
#: What a price at Stripe is: with another of these it is another price.
IDENTITY = ("price_amount", "currency", "interval", "instalments")
#: A trial of two years gives as much away as a price of nothing: it needs the same permission.
PRICE_FIELDS = (*AMOUNTS, "currency", "interval", "instalments", "trial_days", "trial_requires_card", STAY_CODE)


def may_set_price(user: object) -> bool:
    """Superusers, and those with the permission of its own (X24)."""
    return user is not None and user.has_perm("lms_memberships.set_price_membership")


class InformationForm(LeavingForm):
    """The model's fields; amounts are typed in whole units, price fields are fixed without permission."""

    price_amount = AmountField(label=_("Price"), help_text=_("In whole units, for example 19 or 19.90."))
    old_price_amount = AmountField(
        label=_("Old price"),
        required=False,
        help_text=_("Shown struck through beside the price. Leave empty for none."),
    )
    setup_fee_amount = AmountField(
        label=_("Setup fee"), required=False, help_text=_("Paid once, with the first payment. Leave empty for none.")
    )
    interval = forms.ChoiceField(label=_("Billing interval"), choices=choices)
    # A list, not Wagtail's chooser: that one needs a script within the page.
    requires = forms.ModelChoiceField(
        Membership.objects.none(),
        label=_("Only for members of"),
        required=False,
        empty_label=_("Everybody"),
        help_text=_("Only who has that membership can buy this one."),
    )
    further_prices = FurtherPricesField(
        label=_("Further prices"),
        required=False,
        help_text=_(
            "Other intervals or currencies, or instalments: the number of payments after which it is paid off. "
            "A hidden price is not offered; who has it goes on paying it. Empty the price to remove a row."
        ),
    )
    currency = forms.ChoiceField(label=_("Currency"), choices=currency_choices)
    lang = forms.ChoiceField(
        label=_("Language of its texts"), required=False, help_text=_("Read out and hyphenated in this language.")
    )
    description = forms.CharField(
        label=_("Description"),
        required=False,
        max_length=20_000,
        widget=MarkdownTextarea(),
        help_text=_("GitHub-flavoured Markdown: **bold**, lists, tables and links work."),
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        for name in AMOUNTS:
            self.initial[name] = typed(getattr(self.instance, name), self.instance.currency)
        self.fields["requires"].queryset = Membership.objects.exclude(pk=self.instance.pk).order_by("title", "pk")
        self.initial["further_prices"] = rows_of(self.instance)
        # As Wagtail's title fields do: theirs has no border, and would be a gap while it is empty.
        self.fields["title"].widget.attrs["placeholder"] = self.fields["title"].label
        self.fields["lang"].choices = [("", _("The site's language")), *get_content_languages().items()]
        if not may_set_price(self.for_user):
            for name in (*PRICE_FIELDS, "further_prices"):
                # Disabled on the server: what the browser sends for it is not read at all (S24, H8).
                self.fields[name].disabled = True
                self.fields[name].required = False

    def _post_clean(self) -> None:
        before = _identity(self.instance)
        super()._post_clean()
        # The values, not the texts: "45" and "45.00" are one price.
        if _identity(self.instance) != before:
            # Another amount is another price: what was taken over from Stripe stays with those who have it.
            self.instance.stripe_price_id = ""
        if self._has_further_prices():
            fill(self.instance, self.cleaned_data["further_prices"])

    def _has_further_prices(self) -> bool:
        """A form that was sent without the table takes nothing away: it knew of none."""
        field, name = self.fields["further_prices"], self.add_prefix("further_prices")
        is_sent = not field.widget.value_omitted_from_data(self.data, self.files, name)
        return is_sent and not field.disabled and "further_prices" in self.cleaned_data

    def clean(self) -> dict:
        cleaned = super().clean()
        for name in AMOUNTS:
            if name in cleaned:
                self._clean_amount(name, cleaned.pop(name), cleaned.get("currency"))
        return cleaned

    def clean_instalments(self) -> int:
        # Left empty it renews until it is cancelled.
        return self.cleaned_data["instalments"] or 0

    def _clean_amount(self, name: str, text: str, currency: str | None) -> None:
        if currency is None:
            return  # Its own error stands beside the currency.
        try:
            self.cleaned_data[name] = to_minor(text, currency)
        except AmountRefused as refusal:
            self.add_error(name, str(refusal.message))


def _identity(version: Membership) -> tuple[object, ...]:
    return tuple(getattr(version, name) for name in IDENTITY)


def keep_price(version: Membership, current: Membership) -> None:
    """Give an old version today's price: who may not set a price may not bring an old one back either."""
    for name in (*PRICE_FIELDS, "stripe_price_id"):
        setattr(version, name, getattr(current, name))
    version.price_options.set(list(current.price_options.all()))
