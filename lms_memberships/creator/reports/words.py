"""What do the words of the reports mean? They stand under each report, so that nobody has to guess (X21, H10)."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

Text = str | Promise


@dataclass(frozen=True)
class Word:
    word: Text
    means: Text


MONTH = Word(
    _("Month"), _("From its first moment to the first moment of the next one, in UTC. The last row is not over yet.")
)
REVENUE = Word(
    _("Recurring revenue"),
    _(
        "What the running subscriptions bring in a month, at the end of the month. A yearly price counts as a twelfth, a "
        "weekly one as 52 twelfths, rounded down. A discount for good is taken off; one for the first payment or for some "
        "months is not. Trials, one-time payments, instalments, gifts, and subscriptions at a price that this site does "
        "not know do not count, nor those whose invoices Stripe voids while payments are paused. A failed payment counts "
        "until Stripe gives up. Tax that is part of a price is in it, tax that is added is not."
    ),
)
NEW = Word(
    pgettext_lazy("members", "New"),
    _("Paid for the first time, after the trial if there was one, by somebody who had not lost the same membership."),
)
WON_BACK = Word(
    pgettext_lazy("members", "Won back"),
    _("Pays again for a membership that the same person had lost before, also after a pause."),
)
LOST = Word(
    pgettext_lazy("members", "Lost"),
    _(
        "The subscription ended, was paused, or Stripe gave its payment up; or it was moved to a price that this site does "
        "not know. A cancellation counts when it takes effect."
    ),
)
NET = Word(_("Net"), _("New and won back, less lost."))
CHANGED = Word(
    pgettext_lazy("revenue", "Changed"),
    _("More or less from members who stayed: another price, another discount, another tier."),
)
TRIAL = Word(
    _("Trial"), _("Belongs to the month in which it ended. It is converted when a payment came for the time after it.")
)
FAILED = Word(
    _("Failed"), _("Invoices of the month of which at least one payment failed, each counted once, with their total.")
)
RECOVERED = Word(_("Recovered"), _("Those of them that were paid all the same, and what was paid."))
PAID = Word(
    pgettext_lazy("revenue", "Paid"),
    _(
        "What Stripe received for invoices, with tax, in the month of the payment. One-time payments and gifts are among "
        "it; what guests bought is once they have claimed it."
    ),
)
LEFT = Word(
    pgettext_lazy("members", "Cancelled"),
    _(
        "Cancellations on this site, on the account page or by the link in a mail, in the month in which they were said; "
        "also those that were taken back later. Those made at Stripe or by staff are not among them."
    ),
)
TAKEN_BACK = Word(
    pgettext_lazy("cancellations", "Taken back"),
    _("Those of them that were taken back before they took effect, by the person, by staff or at Stripe."),
)
REASON = Word(_("Reason"), _("What was chosen beside the button. It may be left empty."))
STAYED = Word(
    pgettext_lazy("members", "Stayed"), _("Took the discount that was offered to them when they wanted to leave.")
)
CREDITED = Word(_("Given back"), _("By credit notes and refunds, in the month in which the invoice had been paid."))
DISPUTED = Word(_("Taken back by banks"), _("Lost in disputes, in the month in which the invoice had been paid."))
