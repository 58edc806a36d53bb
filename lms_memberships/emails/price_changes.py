"""What does the notice of another price say, and did it reach whom it is for? Nobody is moved who was not told (X11)."""

from collections.abc import Collection
from datetime import datetime

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from ..events import PriceWillChange
from ..memberships.addresses import public_url
from ..memberships.pricing import price_text
from ..money import Money
from ..subscriptions.price_move_models import PriceMoveEntry
from .catalogue import EmailKind
from .models import Email

#: Handed over. Of an uncertain one, a second is sent by itself (F1).
LEFT = (Email.State.SENT, Email.State.UNKNOWN)


def said(entry: PriceMoveEntry) -> dict[str, object]:
    """What the notice promises, for its row."""
    new, applies_from = entry.move.new_price, entry.applies_from
    return {
        "entry": entry.pk,
        "new_price": [new.amount, new.currency, new.interval],
        "applies_from": applies_from and applies_from.isoformat(),
    }


def named(email: Email) -> dict[str, object]:
    """What its templates may name; nothing for any other mail."""
    context = email.context or {}
    if email.kind != EmailKind.PRICE_CHANGE or "new_price" not in context:
        return {}
    amount, currency, interval = context["new_price"]
    applies_from = context["applies_from"]
    return {
        "new_price": price_text(Money(amount, currency), interval, email.language),
        "applies_from": applies_from and timezone.localtime(datetime.fromisoformat(applies_from)),
        "cancel_url": public_url(reverse("lms_memberships:cancel", args=[email.subscription_id])),
    }


def undelivered(entries: Collection[PriceMoveEntry]) -> set[int]:
    """Those whose notice never left, or came back: its switch was off, the address is wrong, the mail server was down."""
    starts = {
        entry.pk: f"{EmailKind.PRICE_CHANGE}:{PriceWillChange(entry.pk, entry.tellings).key}:" for entry in entries
    }
    about = Q(pk__in=[])
    for start in starts.values():
        about |= Q(key__startswith=start)
    keys = list(Email.objects.filter(about, state__in=LEFT).values_list("key", flat=True))
    return {pk for pk, start in starts.items() if not any(key.startswith(start) for key in keys)}
