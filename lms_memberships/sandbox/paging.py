"""Which part of a list is answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from .errors import invalid, no_such
from .rendering import list_of
from .store import Object

DEFAULT, MOST = 10, 100


@dataclass(frozen=True)
class Listing:
    """Objects newest first, looked at only as far as a page needs: a site may have a hundred thousand."""

    objects: Callable[[], Iterator[Object]]
    is_wanted: Callable[[Object], bool]

    def __iter__(self) -> Iterator[Object]:
        return filter(self.is_wanted, self.objects())

    def after(self, object_id: str) -> Iterator[Object]:
        everything = self.objects()
        kind = ""
        for each in everything:
            kind = each["object"]
            if each["id"] == object_id:
                return filter(self.is_wanted, everything)
        raise no_such(kind or "object", object_id, param="starting_after", status=400)


def page(objects: list[Object] | Listing, params: Object, *, url: str) -> Object:
    """``objects`` are newest first."""
    if isinstance(objects, Listing) and "ending_before" not in params:
        return _page_of(objects, params, url=url)
    return _page_of_all(list(objects), params, url=url)


def _page_of(objects: Listing, params: Object, *, url: str) -> Object:
    limit = _limit(params)
    rest = objects.after(params["starting_after"]) if "starting_after" in params else iter(objects)
    found = list(islice(rest, limit + 1))
    return list_of(found[:limit], url=url, has_more=len(found) > limit)


def _page_of_all(objects: list[Object], params: Object, *, url: str) -> Object:
    limit = _limit(params)
    if "ending_before" in params:
        before = objects[: _position(objects, params["ending_before"], "ending_before")]
        return list_of(before[-limit:], url=url, has_more=len(before) > limit)
    start = _position(objects, params["starting_after"], "starting_after") + 1 if "starting_after" in params else 0
    rest = objects[start:]
    return list_of(rest[:limit], url=url, has_more=len(rest) > limit)


def _limit(params: Object) -> int:
    limit: int = params.get("limit", DEFAULT)
    if not 1 <= limit <= MOST:
        raise invalid(f"This value must be between 1 and {MOST}", "limit", code="parameter_invalid_integer")
    return limit


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
