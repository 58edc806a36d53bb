"""What does somebody fill in who gives a membership to somebody else?"""

from datetime import date, datetime
from typing import Any

from dateutil.relativedelta import relativedelta
from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from ..memberships.gift_offer_models import GiftOffer
from ..memberships.gift_offers import length_text
from ..money import format_money
from ..subscriptions.gift_models import LONGEST_MESSAGE

BY_MAIL, BY_HAND = "mail", "hand"
#: A gift is prepared for a birthday, not for a year that nobody plans for.
FARTHEST_DAY = relativedelta(months=12)


class DeliveryFields(forms.Form):
    """To whom it goes, and when: the same for a giver and for a creator who mends an address."""

    recipient_name = forms.CharField(
        label=_("Name of the person it is for"), required=False, max_length=100, strip=True
    )
    recipient_email = forms.EmailField(label=_("Their e-mail address"), required=False, max_length=254)
    deliver_on = forms.DateField(
        label=_("Day of delivery"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Today or later, in the time zone of this site."),
    )

    def __init__(self, *args: Any, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = timezone.localdate(now, timezone.get_default_timezone())
        self.fields["deliver_on"].initial = self.today
        self.fields["deliver_on"].widget.attrs |= {
            "min": self.today.isoformat(),
            "max": (self.today + FARTHEST_DAY).isoformat(),
        }

    def clean_deliver_on(self) -> date:
        day: date = self.cleaned_data["deliver_on"]
        if day < self.today:
            raise ValidationError(_("This day is over. Please choose today or a later one."))
        if day > self.today + FARTHEST_DAY:
            raise ValidationError(_("Please choose a day within the next twelve months."))
        return day


class GiftForm(DeliveryFields):
    """Without scripts: whoever hands it over leaves the address empty."""

    offer = forms.TypedChoiceField(label=_("How long"), coerce=int, widget=forms.RadioSelect)
    from_name = forms.CharField(
        label=_("Your name, as they read it"),
        required=False,
        max_length=100,
        help_text=_("Leave it empty to say nothing."),
    )
    delivery = forms.ChoiceField(label=_("How it gets there"), widget=forms.RadioSelect)
    message = forms.CharField(
        label=_("A few words to go with it"),
        required=False,
        max_length=LONGEST_MESSAGE,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Plain text, up to 1,000 characters."),
    )
    field_order = ("offer", "recipient_name", "delivery", "recipient_email", "deliver_on", "message", "from_name")

    def __init__(self, *args: Any, offers: list[GiftOffer], language: str, is_mail_on: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._choose("offer", [(each.pk, _offered(each, language)) for each in offers])
        by_hand = (BY_HAND, _("I hand it over myself: I get a link"))
        by_mail = (BY_MAIL, _("By e-mail, on the day that I choose"))
        self._choose("delivery", [by_mail, by_hand] if is_mail_on else [by_hand])
        if not is_mail_on:
            del self.fields["recipient_email"], self.fields["deliver_on"]

    def _choose(self, name: str, choices: list[tuple[object, object]]) -> None:
        """These, and the first of them unless somebody chooses another."""
        field: Any = self.fields[name]
        field.choices = choices
        field.initial = choices[0][0] if choices else None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("delivery") == BY_HAND:
            cleaned["recipient_email"] = ""
            # Nothing is mailed: from today on it is theirs to hand over.
            cleaned["deliver_on"] = self.today
            for name in ("recipient_email", "deliver_on"):
                self.errors.pop(name, None)
        elif self._lacks_an_address(cleaned):
            self.add_error("recipient_email", _("Please enter the address, or hand the gift over yourself."))
        return cleaned

    def _lacks_an_address(self, cleaned: dict[str, Any]) -> bool:
        # Without the field nothing is mailed, whatever was sent.
        is_asked_for = "recipient_email" in self.fields and "recipient_email" not in self.errors
        return is_asked_for and not cleaned.get("recipient_email")


def _offered(offer: GiftOffer, language: str) -> SafeString:
    """Beside its radio button, exactly what is paid (X9)."""
    words = _("you pay %(price)s today, once")
    paid = str(words) % {"price": format_money(offer.money, language)}
    return format_html("<strong>{}</strong>: {}", length_text(offer.months), paid)
