"""Step 1, for when somebody leaves: what becomes of their place, may they rest, and what are they offered? (V48, V53)."""

from django import forms
from django.db.models import QuerySet
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from .. import clock
from ..memberships.lapsing import OnLapse
from ..memberships.promotion_models import PromotionCode
from ..memberships.promotion_words import discount_text
from ..payments import connect
from ..punctuation import labelled
from .draft_form import DraftForm

#: A discount gives as much away as a lower price: it needs the same permission (X24).
STAY_CODE = "stay_code"


class CodeField(forms.ModelChoiceField):
    """A code with what it takes off."""

    def label_from_instance(self, code: PromotionCode) -> str:
        return labelled(code.code, discount_text(code, get_language() or "en"))


class LeavingForm(DraftForm):
    """A part of step 1's form."""

    on_lapse = forms.ChoiceField(
        label=_("When a membership ends"),
        choices=OnLapse,
        required=False,
        help_text=_("Only where there is a limit of members. Progress is kept either way."),
    )
    may_pause = forms.BooleanField(
        label=_("Members may pause it"),
        required=False,
        help_text=_("Nothing is charged meanwhile, and access is closed. Time that is paid and not used is credited."),
    )
    # A list, not Wagtail's chooser: that one needs a script within the page.
    stay_code = CodeField(
        PromotionCode.objects.none(),
        label=_("Offered to whoever wants to leave"),
        required=False,
        empty_label=_("Nothing"),
        help_text=_("Once, on the page on which they cancel. Leaving stays one press."),
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields[STAY_CODE].queryset = _codes(self.instance.stay_code_id)

    def clean_on_lapse(self) -> str:
        # A form that was sent without it changes nothing.
        return self.cleaned_data["on_lapse"] or self.instance.on_lapse


def _codes(chosen: int | None) -> QuerySet[PromotionCode]:
    """Those that somebody who is a member already can be given, and the one that was chosen."""
    connection = connect.current()
    if connection is None:
        return PromotionCode.objects.filter(pk=chosen)
    running = PromotionCode.objects.at(connection).running(clock.now()).filter(first_time_only=False)
    return (running | PromotionCode.objects.filter(pk=chosen)).order_by("code", "pk")
