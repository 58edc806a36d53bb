"""Is a member to pay another price soon? Said on their page as long as it is planned (X11)."""

from babel.dates import format_date
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import to_locale

from ..subscriptions import amounts
from ..subscriptions.models import Subscription


def change_of(subscription: Subscription, language: str) -> str:
    """A sentence: "From 1 March 2027: €25.00 per month.", or empty. Asks the database nothing."""
    entry = amounts.told_of(subscription)
    if entry is None or entry.applies_from is None:
        return ""
    price = amounts.text_of(entry.move.new_price, language)
    day = format_date(timezone.localtime(entry.applies_from).date(), format="long", locale=to_locale(language))
    return _("From %(day)s: %(price)s.") % {"day": day, "price": price}
