"""How the tables of parameters are read."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

Shape = Literal["value", "hash", "array", "map"]
LINE = re.compile(
    r"^(?P<indent> *)(?P<name>\w+)(?P<shape>\[\]|\{\})?(?P<required>!)?(?: (?P<types>\S+?))?(?P<unset> ?\bunset)?$"
)
PAGING = ("limit integer", "starting_after text", "ending_before text")
EVERYWHERE = ("expand[] text",)
SHAPES: dict[str | None, Shape] = {"[]": "array", "{}": "map", None: "value"}


@dataclass
class Field:
    name: str
    shape: Shape = "hash"
    types: tuple[str, ...] = ()
    is_required: bool = False
    can_unset: bool = False
    fields: dict[str, Field] = field(default_factory=dict)


@dataclass(frozen=True)
class Endpoint:
    method: str
    path: str
    fields: dict[str, Field]
    is_paged: bool

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    def match(self, method: str, path: str) -> dict[str, str] | None:
        """What stands in the path's places, or None when this is another endpoint."""
        asked, own = path.strip("/").split("/"), self.path.strip("/").split("/")
        if method != self.method or len(asked) != len(own):
            return None
        places = {mine[1:-1]: theirs for mine, theirs in zip(own, asked, strict=True) if mine.startswith("{")}
        is_same = all(mine.startswith("{") or mine == theirs for mine, theirs in zip(own, asked, strict=True))
        return places if is_same and all(places.values()) else None


def parse(table: str) -> list[Endpoint]:
    return [_endpoint(block) for block in re.split(r"\n\s*\n", table.strip("\n"))]


def _endpoint(block: str) -> Endpoint:
    head, *lines = block.strip("\n").splitlines()
    method, path, *flags = head.split()
    is_paged = "paged" in flags
    everywhere = () if method == "DELETE" else EVERYWHERE
    lines += [f"    {line}" for line in everywhere + (PAGING if is_paged else ())]
    root = Field("")
    above = [root]
    for line in lines:
        each, depth = _field(line)
        del above[depth:]
        above[-1].fields[each.name] = each
        above.append(each)
    return Endpoint(method, path, root.fields, is_paged)


def _field(line: str) -> tuple[Field, int]:
    found = LINE.match(line)
    if found is None:
        raise ValueError(f"not a line of a parameter table: {line!r}")
    types = found["types"]
    shape = SHAPES[found["shape"]]
    is_hash = shape == "value" and (types is None or types == "unset")
    each = Field(
        name=found["name"],
        shape="hash" if is_hash else shape,
        types=tuple(types.split("|")) if types and types != "unset" else (),
        is_required=bool(found["required"]),
        can_unset=bool(found["unset"]) or types == "unset",
    )
    return each, len(found["indent"]) // 4
