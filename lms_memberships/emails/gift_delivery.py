"""When is a gift mailed, and to whom? On its day, once; again, or elsewhere, only when somebody asks for it (X15)."""

from datetime import date, datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .. import clock, events
from ..errors import Refusal
from ..retrying import retried
from ..subscriptions import disputed, gift_links, gift_refunding, gift_settling
from ..subscriptions.gift_models import Gift
from . import switches
from .catalogue import EmailKind

State = Gift.State


class MailIsOff(Refusal):
    message = _("The mail that brings gifts is switched off for this membership. Please hand the link over yourself.")


class NotToBeSent(Refusal):
    message = _("This gift was redeemed, returned or is over: it is not sent any more.")


class NoAddress(Refusal):
    message = _("This gift has no e-mail address: whoever gave it hands the link over.")


def is_mail_on(membership_id: int) -> bool:
    """Whether gifts of this membership can be mailed."""
    return switches.is_on(EmailKind.GIFT_RECEIVED, membership_id)


def after_payment(fact: events.GiftPaid) -> None:
    """For reactions: it was paid on its very day."""
    # Facts are told without the time.
    _deliver_if_due(fact.gift_id, now=clock.now())  # noqa: TID251


def deliver_due(*, now: datetime) -> int:
    """Each whose day has come, in the site's time zone. Returns how many are on their way."""
    due = Gift.objects.filter(state=State.PAID, deliver_on__lte=_today(now), redeem_until__gt=now)
    pks = list(due.exclude(recipient_email="").order_by("deliver_on", "pk").values_list("pk", flat=True))
    return sum(_in_its_own_transaction(pk, now=now) for pk in pks)


@retried
def send_again(gift: Gift, *, now: datetime) -> None:
    """To the same address, whether or not its day has come."""
    with transaction.atomic():
        row = gift_refunding.locked(gift.pk)
        _refuse_what_is_over(row, now)
        if not row.is_mailed:
            raise NoAddress
        if not is_mail_on(row.membership_id):
            raise MailIsOff
        _send(row, now=now)


@retried
def change(gift: Gift, *, name: str, email: str, deliver_on: date, now: datetime) -> None:
    """Another address or day, until it is redeemed. A link that was mailed to another address opens nothing any more."""
    with transaction.atomic():
        row = gift_refunding.locked(gift.pk)
        _refuse_what_is_over(row, now)
        if row.recipient_email != email and row.delivered_at is not None:
            gift_links.give_new(row)
            row.state, row.delivered_at = State.PAID, None
        if deliver_on > row.deliver_on and row.redeem_until is not None:
            # A later day leaves as much time to redeem it.
            row.redeem_until = max(row.redeem_until, gift_settling.last_moment(deliver_on))
        row.recipient_name, row.recipient_email, row.deliver_on = name, email, deliver_on
        row.save()
        _deliver_if_due(row.pk, now=now)


@retried
def _in_its_own_transaction(gift_id: int, *, now: datetime) -> bool:
    with transaction.atomic():
        return _deliver_if_due(gift_id, now=now)


def _deliver_if_due(gift_id: int, *, now: datetime) -> bool:
    row = gift_refunding.locked(gift_id)
    is_due = row.state == State.PAID and row.is_mailed and row.deliver_on <= _today(now) and not row.is_over(now)
    is_due = is_due and not disputed.closing(row).exists()
    # Switched off: it stays as it is, and its giver's page says that they hand it over.
    if not is_due or not is_mail_on(row.membership_id):
        return False
    _send(row, now=now)
    return True


def _send(row: Gift, *, now: datetime) -> None:
    if not gift_links.token_of(row):
        # The site's key was changed since: the old link cannot be written any more.
        gift_links.give_new(row)
    row.state, row.delivered_at, row.deliveries = State.DELIVERED, now, row.deliveries + 1
    row.save()
    events.publish(events.GiftDelivered(gift_id=row.pk, number=row.deliveries))


def _refuse_what_is_over(row: Gift, now: datetime) -> None:
    if not row.is_redeemable or row.is_over(now):
        raise NotToBeSent


def _today(now: datetime) -> date:
    return timezone.localdate(now, timezone.get_default_timezone())
