"""What a fresh object of each kind looks like."""

from __future__ import annotations

import copy

from ..store import Object
from . import catalogue, invoicing, paying, people, selling, telling

_SHAPES: dict[str, Object] = {
    kind: shape
    for module in (catalogue, invoicing, paying, people, selling, telling)
    for kind, shape in module.SHAPES.items()
}


def fresh(kind: str, **fields: object) -> Object:
    return copy.deepcopy(_SHAPES[kind]) | fields
