"""Step 3, when the bundle of a membership changes that people hold: does the change reach them (G17, X6)?"""

from collections.abc import Collection
from typing import Any

from django import forms
from django.db import models
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from .. import clock
from ..access import policy
from ..bundles.models import Item
from ..memberships import bundle_edits
from ..memberships.bundle_edits import Changes
from ..memberships.models import Membership
from .draft_form import DraftForm

#: More titles help nobody; the number says the rest.
MOST_NAMED = 10


class Reach(models.TextChoices):
    """What the change means for those who are members today."""

    EVERYONE = "everyone", _("They get the change at once")
    NEWCOMERS = "newcomers", _("They keep what they had: it is for who joins from now on")


class MembersForm(DraftForm):
    """A part of step 3's form. The field is there only where there is something to choose."""

    members = forms.ChoiceField(
        label=_("Current members"), choices=Reach, widget=forms.RadioSelect, required=False, initial=Reach.EVERYONE
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = bundle_edits.changes(self.instance)
        touched = _members(self.instance) if found else 0
        if not touched:
            del self.fields["members"]
            return
        self.fields["members"].help_text = _sentence(found, touched)
        if bundle_edits.keeps(self.instance):
            self.initial["members"] = Reach.NEWCOMERS

    def _post_clean(self) -> None:
        super()._post_clean()
        if self.cleaned_data.get("members") == Reach.NEWCOMERS:
            bundle_edits.keep(self.instance)
        else:
            bundle_edits.reach_everyone(self.instance)


def _members(membership: Membership) -> int:
    """So many people it touches, each once. One query."""
    return policy.holders_of(membership.pk, now=clock.now()).order_by().values("user").distinct().count()


def _sentence(found: Changes, touched: int) -> str:
    """How many people, and what comes and goes."""
    people = ngettext("%(count)d person is a member now.", "%(count)d people are members now.", touched)
    texts = [people % {"count": touched}]
    titles = dict(Item.objects.filter(pk__in=found.added | found.removed).values_list("pk", "title"))
    if found.added:
        texts.append(say("Added: %(titles)s.") % {"titles": _named(found.added, titles)})
    if found.removed:
        texts.append(say("Taken out: %(titles)s.") % {"titles": _named(found.removed, titles)})
    return " ".join(texts)


def _named(keys: Collection[int], titles: dict[int, str]) -> str:
    names = sorted(titles[key] for key in keys if key in titles)
    rest = len(names) - MOST_NAMED
    more = [ngettext("%(count)d more", "%(count)d more", rest) % {"count": rest}] if rest > 0 else []
    return ", ".join([*names[:MOST_NAMED], *more])
