"""Does somebody pay at a price that is none of the membership's? It opens nothing (S9), or nothing new (G12)."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..evidence import NAMED, Evidence
from ..words import Finding, Group, Light, Repair, fault, ok, warning

LOOK = Repair(
    gettext_lazy("Look at them in Stripe"),
    gettext_lazy("Move each to a price of its membership, which opens it by itself, or cancel and refund it there."),
)


def judge(evidence: Evidence) -> Finding:
    found = []
    if evidence.foreign_ids:
        text = _("Billed in a membership's name at a price of something else, and so opening nothing: %(ids)s.")
        found.append(text % {"ids": _named(evidence.foreign_ids)})
    # Whoever pays there loses what they have, and nobody has told them.
    say = fault if evidence.unmapped_ids else warning
    if evidence.unmapped_ids:
        text = _(
            "Changed in Stripe to a price that no membership has: access ends with what was paid before. "
            "It is about %(ids)s."
        )
        found.append(text % {"ids": _named(evidence.unmapped_ids)})
    if found:
        return say(" ".join(found), LOOK)
    return ok(_("Whatever is billed in a membership's name has one of its prices."))


def _named(ids: tuple[str, ...]) -> str:
    named = ", ".join(ids[:NAMED])
    return _("%(ids)s and more") % {"ids": named} if len(ids) > NAMED else named


LIGHT = Light("strangers", gettext_lazy("Prices that are not ours"), Group.STRIPE, judge)
