"""How parameters become fields of an object."""

from __future__ import annotations

from collections.abc import Iterable

from .store import Object


def copy(params: Object, onto: Object, names: Iterable[str], *, unset: object = None) -> None:
    """Fields that are the parameter of the same name; an empty string unsets them."""
    for name in names:
        if name in params:
            onto[name] = unset if params[name] == "" else params[name]


def merge_metadata(params: Object, onto: Object) -> None:
    """Keys are added; an empty value takes its key away, an empty string all of them."""
    asked = params.get("metadata")
    if asked is None:
        return
    merged = {} if asked == "" else (onto["metadata"] or {}) | asked
    onto["metadata"] = {key: value for key, value in merged.items() if value != ""}


def full_address(asked: Object | str | None) -> Object | None:
    if not asked or isinstance(asked, str):
        return None
    return dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state")) | asked
