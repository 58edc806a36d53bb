"""How much goes back, why, and what does it do to access? The form, which knows what was left when it was shown."""

import uuid

from django import forms
from django.utils.translation import gettext_lazy, pgettext_lazy

from ... import conf
from ...money import AmountRefused, Money, parse, to_decimal
from ...subscriptions.money_back_models import Refund

LONGEST_REASON = 1000


class RefundForm(forms.Form):
    """``left`` is what can be given back; ``is_about_access`` whether giving back all of it could close anything."""

    amount = forms.CharField(label=gettext_lazy("Amount"), max_length=30)
    reason = forms.CharField(
        label=pgettext_lazy("refund", "Reason"),
        help_text=gettext_lazy("For your own records. The person does not see it."),
        max_length=LONGEST_REASON,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    effect = forms.ChoiceField(
        label=gettext_lazy("When all of it is given back"), choices=Refund.Effect, widget=forms.RadioSelect
    )
    #: What was left when the page was made, and this one form: pressed twice, it is one refund.
    seen = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    token = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: object, left: Money, is_about_access: bool, **kwargs: object) -> None:
        self.left = left
        self.all = str(to_decimal(left))
        wanted = conf.ON_FULL_REFUND
        effect = wanted if wanted in Refund.Effect.values else Refund.Effect.KEEP.value
        initial = {"amount": self.all, "effect": effect, "seen": left.minor, "token": uuid.uuid4()}
        super().__init__(*args, initial=initial, **kwargs)  # type: ignore[arg-type]
        if not is_about_access:
            del self.fields["effect"]

    def clean_amount(self) -> Money:
        typed = self.cleaned_data["amount"].strip()
        if typed == self.all:
            # What is left may have a digit that no price could have.
            return self.left
        try:
            return parse(typed, self.left.currency)
        except AmountRefused as refusal:
            raise forms.ValidationError(str(refusal.message)) from refusal
