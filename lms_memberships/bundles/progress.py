"""How far has somebody come with a bundled thing? What its own system says, in words that fit any system."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Progress:
    """Of one person with one thing. ``done`` of ``steps`` parts; ``steps`` 0: it has none, or does not count them."""

    begun_at: datetime | None = None
    completed_at: datetime | None = None
    done: int = 0
    steps: int = 0
