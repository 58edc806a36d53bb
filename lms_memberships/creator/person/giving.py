"""On which pages is access given, what was given ended, and a trial extended?"""

from datetime import date
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ... import clock
from ...asking import asks_stripe
from ...errors import Refusal
from ...memberships.models import Membership
from ...payments import connect
from ...personal_data import erasing
from ...subscriptions import given_access, trial_extending
from ...subscriptions.deeds import Wish
from ...subscriptions.models import Subscription
from . import names
from .acting import Act, ActOnHeld, DeedForm
from .dates import FIRST, LAST, day, end_of


def _day_field(**options: Any) -> forms.DateField:
    limits = [MinValueValidator(FIRST), MaxValueValidator(LAST)]
    return forms.DateField(
        validators=limits, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **options
    )


class GiveForm(DeedForm):
    membership = forms.ModelChoiceField(label=gettext_lazy("Membership"), queryset=Membership.objects.none())
    until = _day_field(
        label=gettext_lazy("Last day"),
        required=False,
        help_text=gettext_lazy("Empty: for good, until somebody ends it."),
    )
    field_order = ["membership", "until", "reason", "key"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # What was never published opens nothing.
        self.fields["membership"].queryset = Membership.objects.ever_published().order_by("title", "pk")


class GivePage(Act):
    """Nothing is charged, and nothing at Stripe stands for it."""

    needs = names.GIVE
    page_title = gettext_lazy("Give access")
    button = gettext_lazy("Give access")
    form_class = GiveForm

    def lead(self) -> list[object]:
        return [
            _("It costs them nothing, and takes a place where places are limited."),
            _("Whatever else they hold stays as it is: ending one never ends the other."),
        ]

    def why_not(self) -> str:
        return str(given_access.AccountIsGone.message) if erasing.pending_for(self.person) else ""

    def act(self, form: Any, wish: Wish) -> str:
        if erasing.pending_for(self.person):
            raise given_access.AccountIsGone
        chosen: date | None = form.cleaned_data["until"]
        until = end_of(chosen) if chosen else None
        membership = form.cleaned_data["membership"]
        given_access.give(self.person.pk, membership, until=until, wish=wish, now=clock.now())
        if until is None:
            return _("“%(title)s” is open to them for good.") % {"title": membership.title}
        return _("“%(title)s” is open to them until %(day)s.") % {"title": membership.title, "day": day(until)}


class TakeBackPage(ActOnHeld):
    needs = names.GIVE
    page_title = gettext_lazy("End this access")
    button = gettext_lazy("End this access now")
    is_serious = True

    def lead(self) -> list[object]:
        return [_("It closes now. What they pay for, or were given otherwise, stays open. Their progress is kept.")]

    def why_not(self) -> str:
        if self.held.origin != Subscription.Origin.GIVEN:
            return str(given_access.NotGiven.message)
        return "" if self.held.is_live(self.now) else _("It has ended already.")

    def act(self, form: Any, wish: Wish) -> str:
        given_access.take_back(self.held, wish=wish, now=self.now)
        return _("What was given has ended.")


class TrialForm(DeedForm):
    until = _day_field(label=gettext_lazy("Last day of the trial"))
    field_order = ["until", "reason", "key"]


@method_decorator(asks_stripe("POST"), name="post")
class TrialPage(ActOnHeld):
    """The first payment waits until then."""

    needs = names.EXTEND
    page_title = gettext_lazy("Extend the trial")
    button = gettext_lazy("Extend the trial")
    form_class = TrialForm

    def lead(self) -> list[object]:
        now_due = {"price": self.price, "day": day(self.held.trial_end)}
        said: list[object]
        is_cancelled = self.held.cancel_at is not None
        if is_cancelled or not self.held.has_card:
            said = [_("The trial ends on %(day)s. Nothing is charged by extending it.") % now_due]
        else:
            said = [
                _("The trial ends on %(day)s; then %(price)s is due. That payment waits until the new end.") % now_due
            ]
        # What ends with its trial is charged nothing, and nobody is reminded of it.
        return said if is_cancelled else [*said, _("They are reminded before the new end, as before the old one.")]

    def why_not(self) -> str:
        try:
            trial_extending.refuse_what_cannot_be(self.held)
        except Refusal as refusal:
            return str(refusal.message)
        return ""

    def act(self, form: Any, wish: Wish) -> str:
        until = end_of(form.cleaned_data["until"])
        trial_extending.extend(self.held, until=until, wish=wish, gateway=connect.get_gateway(), now=self.now)
        return _("The trial lasts until %(day)s now.") % {"day": day(until)}
