"""Is what the page says is paid today less for this person? What a credit at Stripe takes off a purchase, in words (X9)."""

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy

from ..memberships.models import Membership
from ..memberships.offers import Offer
from ..memberships.ways import ways
from ..money import format_money
from ..payments import connect
from ..subscriptions import known_credit
from .people import student_of

#: Whether how much it is is known, and whether a trial comes first.
TEXTS: dict[tuple[bool, bool], str | Promise] = {
    (True, False): gettext_lazy(
        "Less your credit of %(credit)s, which Stripe's page takes off where the payment renews. You see there what is "
        "left to pay."
    ),
    (False, False): gettext_lazy(
        "If you have a credit here, Stripe's page takes it off where the payment renews. You see there what is left to pay."
    ),
    (True, True): gettext_lazy("Your credit of %(credit)s is taken off the first payment."),
    (False, True): gettext_lazy("If you have a credit here, it is taken off the first payment."),
}


def said(request: HttpRequest, membership: Membership, offer: Offer) -> str:
    """Beside the amounts of the offer. Empty: nobody is signed in, they have none, or it is paid once. Asks Stripe nothing."""
    connection = connect.current()
    if not request.user.is_authenticated or connection is None:
        return ""
    # Stripe takes a credit off nothing that is paid once.
    if not any(way.is_recurring for way in ways(membership)):
        return ""
    credit = known_credit.of(student_of(request), offer.first.today.currency, connection=connection)
    if credit is None:
        return ""
    text = TEXTS[credit.money is not None, bool(offer.first.trial_days)]
    return str(text) % {"credit": format_money(credit.money, get_language() or "en") if credit.money else ""}
