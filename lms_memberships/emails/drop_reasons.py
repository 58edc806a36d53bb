"""Why was an e-mail dropped? What stands in its row, and what a person reads."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

TOO_OLD = "too_old"
WAITED_TOO_LONG = "waited_too_long"
ONE_A_DAY = "one_a_day"
GONE = "gone"
OVER = "over"
RESUMED = "resumed"
CLOSED_AGAIN = "closed_again"
OPEN_AGAIN = "open_again"
NOT_PAID = "not_paid"
NOT_OWED = "not_owed"
NO_TRIAL = "no_trial"
PLACE_GONE = "place_gone"
PRICE_STAYS = "price_stays"
NO_RENEWAL = "no_renewal"
OTHER_CARD = "other_card"
CLAIMED = "claimed"
OTHER_LINK = "other_link"
GIFT_CLOSED = "gift_closed"
NOT_BACK = "not_back"
DECIDED = "decided"
PRICE_KNOWN = "price_known"
WITHDRAWN = "withdrawn"
REVOKED = "revoked"

#: What stands in ``Email.failure`` of those that were dropped, and what a person reads.
REASONS: "Mapping[str, str | _StrPromise]" = {
    TOO_OLD: _("It was learnt too late to be news."),
    WAITED_TOO_LONG: _("It could not be sent in time."),
    ONE_A_DAY: _("The student was told of a failed payment on the same day."),
    GONE: _("What it is about is gone."),
    OVER: _("The membership had ended before it was sent."),
    RESUMED: _("The cancellation was taken back before it was sent."),
    CLOSED_AGAIN: _("Access had closed again before it was sent."),
    OPEN_AGAIN: _("Access was open again before it was sent."),
    NOT_PAID: _("The payment had been taken back before it was sent."),
    NOT_OWED: _("There was nothing left to pay before it was sent."),
    NO_TRIAL: _("The trial had ended, or was cancelled or moved, before it was sent."),
    PLACE_GONE: _("The place was no longer kept when it was to be sent."),
    PRICE_STAYS: _("The price change was called off, or had taken place, before it was sent."),
    NO_RENEWAL: _("The membership was cancelled, or no longer renewed on that day, before it was sent."),
    OTHER_CARD: _("The card was changed, or no longer needed, before it was sent."),
    CLAIMED: _("Somebody had come for the purchase, or it was over, before it was sent."),
    OTHER_LINK: _("Its link had been replaced by another one before it was sent."),
    WITHDRAWN: _("The student has withdrawn from the purchase, and another mail says so."),
    GIFT_CLOSED: _("The gift had been redeemed, returned or changed before it was sent."),
    NOT_BACK: _("The refund had failed before it was sent."),
    DECIDED: _("The dispute had been decided before it was sent."),
    PRICE_KNOWN: _("The price was known, or the membership was over, before it was sent."),
    REVOKED: _("They cancelled nothing: staff had ended it, and they were told that access has ended."),
}
