"""Which e-mails are on? For all memberships, or for one, which then wins. All start off (U31)."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Q, QuerySet

from ..memberships.models import Membership
from .catalogue import EmailKind
from .models import EmailSwitch


def is_on(kind: EmailKind, membership_id: int | None) -> bool:
    """Whether this e-mail is sent for this membership."""
    return on_for(membership_id)[kind]


def is_on_anywhere(kind: EmailKind) -> bool:
    """Whether any membership sends it: what costs calls to Stripe is not prepared for nobody."""
    return EmailSwitch.objects.filter(kind=kind.value, is_on=True).exists()


def memberships_with(kind: EmailKind) -> "QuerySet[Membership]":
    """Those that send this e-mail: asked within another query."""
    switches = EmailSwitch.objects.filter(kind=kind.value).order_by()
    own = switches.exclude(membership=None)
    if switches.filter(membership=None, is_on=True).exists():
        return Membership.objects.exclude(pk__in=own.filter(is_on=False).values("membership"))
    return Membership.objects.filter(pk__in=own.filter(is_on=True).values("membership"))


def on_for(membership_id: int | None) -> dict[EmailKind, bool]:
    """Every e-mail's state for one membership, or for all where ``membership_id`` is None. One query."""
    general, own = _rows(membership_id)
    return {kind: own.get(kind, general.get(kind, False)) for kind in EmailKind}


def own_of(membership_id: int) -> dict[EmailKind, bool | None]:
    """What one membership sets for itself; None where it follows the setting for all."""
    _general, own = _rows(membership_id)
    return {kind: own.get(kind) for kind in EmailKind}


def set_for_all(states: dict[EmailKind, bool]) -> None:
    """Write the switches for all memberships."""
    _write(None, states.items())


def set_for(membership_id: int, states: dict[EmailKind, bool | None]) -> None:
    """Write one membership's own switches; None takes its own setting away again."""
    follows = [kind for kind, state in states.items() if state is None]
    with transaction.atomic():
        EmailSwitch.objects.filter(membership_id=membership_id, kind__in=follows).delete()
        _write(membership_id, ((kind, state) for kind, state in states.items() if state is not None))


def switch_all_on(membership_id: int | None = None) -> None:
    """The one click after publishing (U29): every e-mail on, for all memberships or for one."""
    _write(membership_id, ((kind, True) for kind in EmailKind))


def _rows(membership_id: int | None) -> tuple[dict[str, bool], dict[str, bool]]:
    general: dict[str, bool] = {}
    own: dict[str, bool] = {}
    for switch in EmailSwitch.objects.filter(Q(membership=None) | Q(membership=membership_id)):
        (general if switch.membership_id is None else own)[switch.kind] = switch.is_on
    return general, own


def _write(membership_id: int | None, states: Iterable[tuple[EmailKind, bool]]) -> None:
    membership = None if membership_id is None else Membership.objects.get(pk=membership_id)
    with transaction.atomic():
        for kind, state in states:
            EmailSwitch.objects.update_or_create(kind=kind.value, membership=membership, defaults={"is_on": state})
