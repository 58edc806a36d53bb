"""How is a long list of the provider's asked for, and what comes back? A part at a time, newest first (D13)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True)
class Part:
    """What was made ``since`` then (None: ever), in the provider's time; those that follow ``after`` in the list."""

    since: datetime | None = None
    after: str = ""
    limit: int = 100


@dataclass(frozen=True)
class Page(Generic[T_co]):
    """``last_id`` is where the next part begins; empty: that was all."""

    items: tuple[T_co, ...]
    last_id: str
    #: Ids of what could not be understood, such as a status of tomorrow. One of them does not hide the others.
    unread: tuple[str, ...] = ()


@dataclass(frozen=True)
class EventSnapshot:
    """Something that happened at the provider, as its list of events tells it: a hint, like a notice."""

    id: str
    type: str
    object_type: str
    object_id: str
    subscription_id: str
    created_at: datetime
    #: What the object carried then. Only to leave alone what is nobody's here.
    metadata: dict[str, str]
