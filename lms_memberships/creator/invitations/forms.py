"""What does a creator fill in to make an invitation? For which membership first; then on what terms."""

import uuid
from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from ... import clock
from ...memberships import selling
from ...memberships.invitation_models import MOST_DAYS, InvitationLink
from ...memberships.invitations import Draft
from ...memberships.models import Membership, Price
from ...memberships.pricing import way_text
from ...memberships.promotion_models import PromotionCode
from ...payments.connect import Connection

FREE = "free"
#: Long enough for most people to find the mail, short enough for a link that was lost.
LASTS = timedelta(days=14)
Kind = InvitationLink.Kind


class MembershipForm(forms.Form):
    """The first question: what to invite to. The prices that can be chosen hang on it."""

    membership = forms.ModelChoiceField(label=_("Membership"), queryset=Membership.objects.none())

    def __init__(self, *args: Any, memberships: QuerySet[Membership], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["membership"].queryset = memberships


class InvitationForm(forms.Form):
    """On what terms. Sent twice, it makes one: ``token`` is the same."""

    token = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    price = forms.ChoiceField(
        label=_("What it costs"),
        widget=forms.RadioSelect,
        help_text=_("Hidden prices are only for those who are invited."),
    )
    days = forms.IntegerField(
        label=_("Days of free access"),
        required=False,
        min_value=1,
        max_value=MOST_DAYS,
        help_text=_("For free access: so long from the day on which it is accepted. Leave it empty for no end."),
    )
    last_day_of_access = forms.DateField(
        label=_("Last day of free access"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("For free access: the same day for everybody, instead of a number of days."),
    )
    kind = forms.ChoiceField(
        label=_("Who can use it"), widget=forms.RadioSelect, choices=Kind.choices, initial=Kind.SINGLE
    )
    max_uses = forms.IntegerField(
        label=_("How many people"),
        required=False,
        min_value=1,
        help_text=_("For several people. Leave it empty for no limit."),
    )
    last_day = forms.DateField(
        label=_("Last day of the invitation"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("It can be accepted until midnight at the end of this day, in the site's time zone."),
    )
    email = forms.EmailField(
        label=_("Only for this e-mail address"),
        required=False,
        max_length=254,
        help_text=_("Only an account with this address can accept it. Leave it empty for whoever has the link."),
    )
    code = forms.ModelChoiceField(
        label=_("Promotion code"),
        queryset=PromotionCode.objects.none(),
        required=False,
        help_text=_("Taken off without being typed. Not for free access."),
    )
    note = forms.CharField(
        label=_("Note"),
        required=False,
        max_length=200,
        help_text=_("For you and your colleagues; nobody else sees it."),
    )

    def __init__(self, *args: Any, membership: Membership, connection: Connection, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.membership = membership
        language = get_language() or "en"
        self.sold = {str(each.price.pk): each for each in selling.sold(membership, connection)}
        hidden = _("%(price)s (hidden)")
        choices = [
            (pk, str(hidden) % {"price": text} if each.way.is_hidden else text)
            for pk, each in self.sold.items()
            for text in [way_text(each.way, language)]
        ]
        self.fields["price"].choices = [*choices, (FREE, _("Nothing: free access"))]
        self.fields["price"].initial = choices[0][0] if choices else FREE
        self.fields["last_day"].initial = _today() + LASTS
        self.fields["code"].queryset = PromotionCode.objects.at(connection).running(clock.now()).order_by("code")

    def clean_last_day(self) -> date | None:
        return _not_over(self.cleaned_data["last_day"])

    def clean_last_day_of_access(self) -> date | None:
        return _not_over(self.cleaned_data["last_day_of_access"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("days") and cleaned.get("last_day_of_access"):
            self.add_error("days", _("Choose a number of days or a last day, not both."))
        if cleaned.get("price") == FREE and cleaned.get("code"):
            self.add_error("code", _("Nothing can be taken off free access."))
        return cleaned

    def draft(self) -> Draft:
        """What is asked for. What belongs to the other choice is left out, as the words beside it say."""
        wanted = self.cleaned_data
        is_free = wanted["price"] == FREE
        price: Price | None = None if is_free else self.sold[wanted["price"]].price
        return Draft(
            form_token=wanted["token"],
            membership=self.membership,
            price=price,
            kind=wanted["kind"],
            max_uses=wanted["max_uses"],
            days=wanted["days"] if is_free else None,
            last_day_of_access=wanted["last_day_of_access"] if is_free else None,
            last_day=wanted["last_day"],
            email=wanted["email"],
            code=wanted["code"],
            note=wanted["note"],
        )


def _today() -> date:
    return timezone.localdate(clock.now(), timezone.get_default_timezone())


def _not_over(day: date | None) -> date | None:
    if day is not None and day < _today():
        raise ValidationError(_("This day is over."))
    return day
