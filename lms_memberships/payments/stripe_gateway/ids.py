"""What is the id of what an object of Stripe's refers to?"""

from typing import Protocol


class _HasId(Protocol):
    id: str


def id_of(reference: str | _HasId | None) -> str:
    """The id of an object that may be expanded, only named, or absent."""
    if reference is None or isinstance(reference, str):
        return reference or ""
    return reference.id
