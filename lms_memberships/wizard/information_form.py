"""Step 1: what is it called, what does it cost, and who may say so? (U11–U19, X24)."""

from django import forms
from django.utils.translation import gettext_lazy as _
from wagtail.coreutils import get_content_languages

from ..memberships.models import Membership
from ..money import AmountRefused
from .draft_form import DraftForm
from .markdown import MarkdownTextarea
from .money_fields import AmountField, currency_choices, to_minor, typed

AMOUNTS = ("price_amount", "old_price_amount")
#: A trial of two years gives as much away as a price of nothing: it needs the same permission.
PRICE_FIELDS = (*AMOUNTS, "currency", "interval", "trial_days", "trial_requires_card")


def may_set_price(user: object) -> bool:
    """Superusers, and those with the permission of its own (X24)."""
    return user is not None and user.has_perm("lms_memberships.set_price_membership")


class InformationForm(DraftForm):
    """The model's fields; amounts are typed in whole units, price fields are fixed without permission."""

    price_amount = AmountField(label=_("Price"), help_text=_("In whole units, for example 19 or 19.90."))
    old_price_amount = AmountField(
        label=_("Old price"),
        required=False,
        help_text=_("Shown struck through beside the price. Leave empty for none."),
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
        # As Wagtail's title fields do: theirs has no border, and would be a gap while it is empty.
        self.fields["title"].widget.attrs["placeholder"] = self.fields["title"].label
        self.fields["lang"].choices = [("", _("The site's language")), *get_content_languages().items()]
        if not may_set_price(self.for_user):
            for name in PRICE_FIELDS:
                # Disabled on the server: what the browser sends for it is not read at all (S24, H8).
                self.fields[name].disabled = True
                self.fields[name].required = False

    def clean(self) -> dict:
        cleaned = super().clean()
        for name in AMOUNTS:
            if name in cleaned:
                self._clean_amount(name, cleaned.pop(name), cleaned.get("currency"))
        return cleaned

    def _clean_amount(self, name: str, text: str, currency: str | None) -> None:
        if currency is None:
            return  # Its own error stands beside the currency.
        try:
            self.cleaned_data[name] = to_minor(text, currency)
        except AmountRefused as refusal:
            self.add_error(name, str(refusal.message))


def keep_price(version: Membership, current: Membership) -> None:
    """Give an old version today's price: who may not set a price may not bring an old one back either."""
    for name in PRICE_FIELDS:
        setattr(version, name, getattr(current, name))
