"""In which situations can a subscription be, as a person would say it?"""

from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Situation(StrEnum):
    """What a person would say about it; finer than Stripe's status, coarser than our columns."""

    FOR_GOOD = "for_good"
    GIVEN = "given"
    GIVEN_FOR_A_WHILE = "given_for_a_while"
    PAID_OFF = "paid_off"
    TRIAL_WITH_CARD = "trial_with_card"
    TRIAL_WITHOUT_CARD = "trial_without_card"
    RENEWING = "renewing"
    ENDING = "ending"
    CLOSED_ENDING = "closed_ending"
    FAILING = "failing"
    LOCKED = "locked"
    WAITING = "waiting"
    WAITING_TO_END = "waiting_to_end"
    PAUSED = "paused"
    PAYMENTS_PAUSED = "payments_paused"
    RUNNING_OUT = "running_out"
    PRICE_UNKNOWN = "price_unknown"
    PRICE_UNKNOWN_CLOSED = "price_unknown_closed"
    LEAVING = "leaving"
    WITHDRAWING = "withdrawing"
    ENDED = "ended"
    RETURNED = "returned"
    REFUNDED = "refunded"
    REVOKED = "revoked"
    DISPUTED = "disputed"
    DISPUTE_LOST = "dispute_lost"
    DISPUTE_LOST_ENDING = "dispute_lost_ending"
    GIFT = "gift"
    GIFT_DISPUTED = "gift_disputed"
    GIFT_DISPUTE_LOST = "gift_dispute_lost"
    GIFT_LATER = "gift_later"


ON_TRIAL = frozenset({Situation.TRIAL_WITH_CARD, Situation.TRIAL_WITHOUT_CARD})
OVER = frozenset(
    {
        Situation.ENDED,
        Situation.RETURNED,
        Situation.REFUNDED,
        Situation.REVOKED,
        Situation.DISPUTE_LOST,
        Situation.GIFT_DISPUTE_LOST,
    }
)


@dataclass(frozen=True)
class Words:
    """How a situation is shown. ``tone`` is a colour's name, and never the only sign of a state."""

    label: str | Promise
    sentence: str | Promise
    tone: str


WORDS: dict[Situation, Words] = {
    Situation.FOR_GOOD: Words(_("Yours"), _("Paid once. It stays open."), "good"),
    Situation.GIVEN: Words(_("Yours"), _("It was given to you. It stays open, and nothing is charged."), "good"),
    Situation.GIVEN_FOR_A_WHILE: Words(
        _("Given to you"), _("It is open for you until %(until)s. Nothing is charged."), "good"
    ),
    Situation.PAID_OFF: Words(
        _("Yours"), _("All %(all)s instalments are paid. It stays open, and nothing more is charged."), "good"
    ),
    Situation.TRIAL_WITH_CARD: Words(
        _("Free trial"),
        _("Your trial ends on %(trial_end)s. Then you pay %(price)s, unless you cancel before."),
        "good",
    ),
    Situation.TRIAL_WITHOUT_CARD: Words(
        _("Free trial"),
        _("Your trial ends on %(trial_end)s. Access then closes; nothing is charged. To stay, give a card before."),
        "good",
    ),
    Situation.RENEWING: Words(
        pgettext_lazy("membership", "Active"), _("Next payment on %(period_end)s: %(price)s."), "good"
    ),
    Situation.ENDING: Words(
        pgettext_lazy("membership", "Cancelled"),
        _("You keep access until %(until)s. Nothing more is charged."),
        "warning",
    ),
    # At Stripe it stands until then, and a second one beside it is not sold.
    Situation.CLOSED_ENDING: Words(
        pgettext_lazy("membership", "Cancelled"),
        _("Access is closed. It ends on %(ends)s, and nothing more is charged."),
        "warning",
    ),
    Situation.FAILING: Words(
        _("Payment failed"), _("Your last payment failed. You keep access until %(until)s; please pay before."), "bad"
    ),
    Situation.LOCKED: Words(
        _("Payment failed"), _("Access is closed because your last payment failed. It opens again once you pay."), "bad"
    ),
    Situation.WAITING: Words(
        _("Waiting"), _("Your first payment has not been confirmed yet. Access opens as soon as it is."), "warning"
    ),
    Situation.WAITING_TO_END: Words(
        pgettext_lazy("membership", "Cancelled"),
        _(
            "Your first payment is on its way and is still taken: once it is confirmed, access opens until %(until)s. "
            "Nothing more is charged."
        ),
        "warning",
    ),
    Situation.PAUSED: Words(_("Paused"), _("Nothing is charged, and access is closed."), "warning"),
    Situation.PAYMENTS_PAUSED: Words(
        _("Payments paused"), _("Payments are paused. It stays open, and nothing is charged at the moment."), "good"
    ),
    Situation.RUNNING_OUT: Words(
        _("Payments paused"), _("Payments are paused. You keep access until %(until)s."), "warning"
    ),
    Situation.PRICE_UNKNOWN: Words(
        _("Being checked"),
        _(
            "Its price was changed to one that this site does not know. You keep access until %(until)s; please write to "
            "us, so that it goes on."
        ),
        "warning",
    ),
    Situation.PRICE_UNKNOWN_CLOSED: Words(
        _("Being checked"),
        _(
            "Its price was changed to one that this site does not know, and access is closed. Please write to us, or "
            "cancel it."
        ),
        "bad",
    ),
    Situation.LEAVING: Words(
        pgettext_lazy("membership", "Being cancelled"),
        _(
            "You cancelled it on %(asked)s. The payment service has not confirmed it yet; we ask again by ourselves, "
            "and whatever is charged meanwhile is given back."
        ),
        "warning",
    ),
    Situation.WITHDRAWING: Words(
        _("Withdrawn"),
        _("You withdrew from this contract on %(withdrawn)s. It ends, and all that you paid goes back to you."),
        "warning",
    ),
    Situation.RETURNED: Words(
        _("No place left"),
        _("You paid after the last place had gone. It was cancelled, and whatever you paid is returned to you."),
        "bad",
    ),
    Situation.GIFT: Words(
        pgettext_lazy("membership", "Gift"),
        _("It was given to you, and is open until %(until)s. Nothing renews, and nothing is charged."),
        "good",
    ),
    Situation.GIFT_LATER: Words(
        pgettext_lazy("membership", "Gift"),
        _("Your gift begins on %(began)s and is open until %(until)s. Nothing renews, and nothing is charged."),
        "good",
    ),
    Situation.ENDED: Words(_("Ended"), _("It ended on %(ended)s. Your progress is kept."), "quiet"),
    Situation.REFUNDED: Words(
        pgettext_lazy("membership", "Refunded"), _("Your payment was given back, and access is closed."), "quiet"
    ),
    Situation.REVOKED: Words(
        pgettext_lazy("membership", "Closed"),
        _("The school has closed it. Nothing more is charged, and your progress is kept."),
        "quiet",
    ),
    Situation.GIFT_DISPUTED: Words(
        pgettext_lazy("membership", "Disputed"),
        _("The payment for your gift is disputed at the giver's bank. Access is closed until that is decided."),
        "bad",
    ),
    Situation.DISPUTED: Words(
        pgettext_lazy("membership", "Disputed"),
        _("Your payment is disputed at your bank. Access is closed until that is decided, and nothing is charged."),
        "bad",
    ),
    Situation.GIFT_DISPUTE_LOST: Words(
        pgettext_lazy("membership", "Closed"),
        _(
            "The giver's bank decided that the payment for your gift goes back to the giver. Access stays closed. Your "
            "progress is kept."
        ),
        "quiet",
    ),
    Situation.DISPUTE_LOST: Words(
        pgettext_lazy("membership", "Closed"),
        _(
            "Your bank decided the dispute for you: the payment went back to you. Access stays closed. Your progress is "
            "kept."
        ),
        "quiet",
    ),
    # Until its end it stands at Stripe, and a second one beside it is not sold.
    Situation.DISPUTE_LOST_ENDING: Words(
        pgettext_lazy("membership", "Closed"),
        _(
            "Your bank decided the dispute for you: the payment went back to you. Access stays closed. The membership ends "
            "on %(ends)s; after that you can buy it again, if it is still offered. Your progress is kept."
        ),
        "bad",
    ),
}
