"""How is a fact told, inside the transaction that makes it true, to all that reacts to it?"""

from collections.abc import Callable, Hashable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import connection

if TYPE_CHECKING:
    from .events import Fact

T = TypeVar("T")

_reactions: "list[Callable[[Fact], None]]" = []


def connect(react: "Callable[[Fact], None]") -> None:
    """Have ``react`` called with every fact, inside the publishing transaction. Called once, at start-up."""
    if react not in _reactions:
        _reactions.append(react)


def disconnect(react: "Callable[[Fact], None]") -> None:
    """Call it no more."""
    _reactions.remove(react)


@dataclass(frozen=True)
class _Telling:
    """Facts that are told together: when they came true, and what reactions have looked up about them."""

    at: "Mapping[type[Fact], datetime | None]" = field(default_factory=dict)
    found: dict[Hashable, Any] = field(default_factory=dict)


_nothing = _Telling()
_telling: ContextVar[_Telling] = ContextVar("telling", default=_nothing)


def publish(*facts: "Fact", at: "Mapping[type[Fact], datetime | None] | None" = None) -> None:
    """Tell facts. Must be called inside the transaction that makes them true, or both could be half done.

    ``at`` says when they came true, where that was before now: late news is no news (E7).
    """
    if not connection.in_atomic_block:
        msg = f"{facts!r} were published outside a transaction"
        raise RuntimeError(msg)
    before = _telling.set(_Telling(at or {}))
    try:
        for fact in facts:
            for react in _reactions:
                react(fact)
    finally:
        _telling.reset(before)


def moment_of(fact: "Fact") -> datetime | None:
    """For reactions: when the fact came true. None: now, as far as we know."""
    return _telling.get().at.get(type(fact))


def once(key: Hashable, find: Callable[[], T]) -> T:
    """For reactions: look something up once for all facts that are told together."""
    telling = _telling.get()
    if telling is _nothing:
        return find()
    if key not in telling.found:
        telling.found[key] = find()
    return telling.found[key]
