"""What is a light? One question about the running site, answered in words, with what mends it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from .evidence import Evidence

Text = str | Promise


class State(StrEnum):
    """How a light shines. Unknown: it cannot be said now, for instance because Stripe was not asked yet."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"
    UNKNOWN = "unknown"


STATE_LABELS: dict[State, Text] = {
    State.OK: _("in order"),
    State.WARNING: _("warning"),
    State.FAULT: _("fault"),
    State.UNKNOWN: _("not known"),
}


class Group(StrEnum):
    """Where a light stands on the page."""

    STRIPE = "stripe"
    WEBHOOKS = "webhooks"
    WORK = "work"
    MAIL = "mail"
    SITE = "site"


GROUP_LABELS: dict[Group, Text] = {
    Group.STRIPE: _("Stripe account and key"),
    Group.WEBHOOKS: _("Calls from Stripe"),
    Group.WORK: _("Work in the background"),
    Group.MAIL: _("E-mails"),
    Group.SITE: _("This site"),
}


@dataclass(frozen=True)
class Repair:
    """What mends it. Without a ``name`` it is done by hand; with one the page has a button and the command does it."""

    label: Text
    how: Text
    name: str = ""


@dataclass(frozen=True)
class Finding:
    """What a light says of the evidence."""

    state: State
    sentence: Text
    repairs: tuple[Repair, ...] = ()


@dataclass(frozen=True)
class Light:
    """One light: what it watches, and which other lights, when red, are the cause of its being red."""

    name: str
    label: Text
    group: Group
    judge: "Callable[[Evidence], Finding]"
    causes: tuple[str, ...] = ()


def ok(sentence: Text, *repairs: Repair) -> Finding:
    """Nothing has to be done."""
    return Finding(State.OK, sentence, repairs)


def warning(sentence: Text, *repairs: Repair) -> Finding:
    """Nobody is harmed yet."""
    return Finding(State.WARNING, sentence, repairs)


def fault(sentence: Text, *repairs: Repair) -> Finding:
    """Somebody pays, waits or is written to wrongly until it is mended."""
    return Finding(State.FAULT, sentence, repairs)


def unknown(sentence: Text, *repairs: Repair) -> Finding:
    """It cannot be said from what is known."""
    return Finding(State.UNKNOWN, sentence, repairs)
