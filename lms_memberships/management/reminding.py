"""Who is reminded today? Of a payment that is missing, a renewal, a card that expires; Stripe is asked only where needed."""

from datetime import datetime

from ..emails import switches
from ..emails.catalogue import EmailKind
from ..payments.connect import NotConnected, get_background_gateway
from ..payments.gateway import Gateway
from ..payments.premises import Frozen
from ..subscriptions import expiring_cards, missing_payments, renewing


def of_missing_payments(now: datetime) -> int:
    """Needs nothing of Stripe's."""
    return missing_payments.remind_of_missing_payments(now=now)


def of_renewals(now: datetime) -> int:
    """Stripe reckons what each will pay."""
    gateway = _gateway_for(EmailKind.RENEWAL_SOON)
    memberships = switches.memberships_with(EmailKind.RENEWAL_SOON)
    return 0 if gateway is None else renewing.remind(renewing.due(memberships, now=now), gateway=gateway)


def of_cards(now: datetime) -> int:
    """A part of all cards is asked for each day, and each that expires soon once more before its owner is told."""
    gateway = _gateway_for(EmailKind.CARD_EXPIRES)
    if gateway is None:
        return 0
    memberships = switches.memberships_with(EmailKind.CARD_EXPIRES)
    stale = expiring_cards.to_ask(memberships, now=now)[: expiring_cards.AT_ONCE]
    asked = expiring_cards.ask(stale.iterator(), gateway=gateway, now=now)
    expiring = expiring_cards.to_tell(memberships, now=now)[: expiring_cards.AT_ONCE]
    return asked + expiring_cards.tell(expiring, memberships=memberships, gateway=gateway, now=now)


def _gateway_for(kind: EmailKind) -> Gateway | None:
    """None: no membership sends this mail, or Stripe is not to be asked from here."""
    if not switches.is_on_anywhere(kind):
        return None
    try:
        return get_background_gateway()
    except (NotConnected, Frozen):
        return None
