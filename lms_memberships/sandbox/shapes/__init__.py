"""What a fresh object of each kind looks like."""

from __future__ import annotations

from ..store import Object, copied
from . import catalogue, giving_back, invoicing, paying, people, portal, scheduling, selling, telling

_SHAPES: dict[str, Object] = {
    kind: shape
    for module in (catalogue, giving_back, invoicing, paying, people, portal, scheduling, selling, telling)
    for kind, shape in module.SHAPES.items()
}


def fresh(kind: str, **fields: object) -> Object:
    return copied(_SHAPES[kind]) | fields
