"""Which part of a list is answered."""

from __future__ import annotations

from .errors import invalid, no_such
from .rendering import list_of
from .store import Object

DEFAULT, MOST = 10, 100


def page(objects: list[Object], params: Object, *, url: str) -> Object:
    """``objects`` are newest first."""
    limit = params.get("limit", DEFAULT)
    if not 1 <= limit <= MOST:
        raise invalid(f"This value must be between 1 and {MOST}", "limit", code="parameter_invalid_integer")
    if "ending_before" in params:
        before = objects[: _position(objects, params["ending_before"], "ending_before")]
        return list_of(before[-limit:], url=url, has_more=len(before) > limit)
    start = _position(objects, params["starting_after"], "starting_after") + 1 if "starting_after" in params else 0
    rest = objects[start:]
    return list_of(rest[:limit], url=url, has_more=len(rest) > limit)


def _position(objects: list[Object], object_id: str, param: str) -> int:
    for index, each in enumerate(objects):
        if each["id"] == object_id:
            return index
    kind = objects[0]["object"] if objects else "object"
    raise no_such(kind, object_id, param=param, status=400)


def within(bounds: Object | int | None, value: int | None) -> bool:
    if bounds is None:
        return True
    if value is None:
        return False
    if isinstance(bounds, int):
        return value == bounds
    tests = {"gt": value.__gt__, "gte": value.__ge__, "lt": value.__lt__, "lte": value.__le__}
    return all(tests[name](bound) for name, bound in bounds.items())


def matching(params: Object, **fields: object) -> bool:
    """Whether each given parameter equals the field of the same name."""
    return all(params[name] == value for name, value in fields.items() if name in params)
