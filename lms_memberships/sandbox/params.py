"""What a request's parameters are, once read and checked against the table of its endpoint."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from .errors import ApiError, invalid, missing_parameter, unknown_parameter
from .parameters.event_types import EVENT_TYPES
from .parameters.language import Field
from .store import Object

NAME = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")
TEXT_LIMIT = re.compile(r"^text<(\d+)>$")
METADATA_KEYS, METADATA_KEY_LENGTH, METADATA_VALUE_LENGTH = 50, 40, 500
RANGE = ("gt", "gte", "lt", "lte")
MILLISECONDS = 10**11
# Removed in the pinned version; Stripe names the reason.
REMOVED = {"payment_method_types": "payment_method_types_no_longer_supported"}


def decode(pairs: Iterable[tuple[str, str]]) -> Object:
    """Form fields with brackets as nested hashes; arrays are hashes with numbers for keys."""
    tree: Object = {}
    for key, value in pairs:
        found = NAME.match(key)
        if not found:
            raise invalid(f"Invalid parameter name: {key}", key)
        node, parts = tree, [found[1], *re.findall(r"\[([^\[\]]*)\]", found[2])]
        for index, part in enumerate(parts[:-1]):
            node = node.setdefault(_place(node, part, parts[index + 1]), {})
            if not isinstance(node, dict):
                raise invalid(f"Invalid object: {parts[0]} is given both as a value and as a hash", parts[0])
        last = _place(node, parts[-1], None)
        if last in node:
            raise invalid(f"Duplicate parameter: {key}", key)
        node[last] = value
    return tree


def _place(node: Object, part: str, following: str | None) -> str:
    if part:
        return part
    newest = node.get(str(len(node) - 1))
    # "a[][x]=1&a[][y]=2" fills one hash until a key comes again.
    if following and isinstance(newest, dict) and following not in newest:
        return str(len(node) - 1)
    return str(len(node))


def check(fields: dict[str, Field], tree: Object, *, path: str = "") -> Object:
    found: Object = {}
    for name, value in tree.items():
        where = f"{path}[{name}]" if path else name
        if name not in fields:
            raise _not_taken(name, where)
        found[name] = _value(fields[name], value, where)
    for name, each in fields.items():
        if each.is_required and name not in tree:
            raise missing_parameter(f"{path}[{name}]" if path else name)
    return found


def _not_taken(name: str, where: str) -> ApiError:
    if where in REMOVED:
        return ApiError(f"The parameter {where} is no longer supported.", code=REMOVED[where], param=where)
    return unknown_parameter(where)


def _value(field: Field, value: object, where: str) -> object:
    if value == "":
        if field.can_unset:
            return ""
        raise ApiError(
            f"You passed an empty string for '{where}'. We assume empty values are an attempt to unset a parameter; "
            f"however '{where}' cannot be unset. You should remove '{where}' from your request or supply a "
            "non-empty value.",
            code="parameter_invalid_empty",
            param=where,
        )
    if field.shape == "array":
        return [_one(field, each, f"{where}[{index}]") for index, each in enumerate(_elements(value, where))]
    if field.shape == "map":
        return {key: _one(field, each, f"{where}[{key}]") for key, each in _hash(value, where).items()}
    return _one(field, value, where)


def _one(field: Field, value: object, where: str) -> object:
    if isinstance(value, dict):
        if field.fields:
            return check(field.fields, value, path=where)
        reader = next((HASHES[each] for each in field.types if each in HASHES), None)
        if reader is None:
            raise invalid(f"Invalid {field.types[0]}: {where} is a hash", where)
        return reader(value, where)
    if not field.types:
        raise invalid(f"Invalid object: {where}", where)
    return _scalar(field.types, str(value), where)


def _elements(value: object, where: str) -> list[object]:
    if not isinstance(value, dict) or not all(key.isdigit() for key in value):
        raise invalid("Invalid array", where)
    return [value[key] for key in sorted(value, key=int)]


def _hash(value: object, where: str) -> Object:
    if not isinstance(value, dict):
        raise invalid("Invalid object", where)
    return value


def _scalar(types: tuple[str, ...], value: str, where: str) -> object:
    if value == "":
        raise ApiError(f"You passed an empty string for '{where}'.", code="parameter_invalid_empty", param=where)
    if value in types and value not in SCALARS:
        return value
    readers = [each for each in types if each in SCALARS or TEXT_LIMIT.match(each)]
    words = [each for each in types if each not in readers]
    if not readers:
        name = where.rsplit("[", 1)[-1].rstrip("]")
        raise invalid(f"Invalid {name}: must be one of {', '.join(words)}", where)
    limit = TEXT_LIMIT.match(readers[0])
    if limit:
        return _text(value, where, limit=int(limit[1]))
    return SCALARS[readers[0]](value, where)


def _text(value: str, where: str, *, limit: int = 5000) -> str:
    if len(value) > limit:
        raise ApiError(
            f"Invalid string: {value[:20]}...; must be at most {limit} characters",
            code="parameter_invalid_string_empty" if not value else None,
            param=where,
        )
    return value


def _string(value: str, where: str) -> str:
    return value


def _integer(value: str, where: str) -> int:
    if not re.fullmatch(r"-?\d+", value):
        raise ApiError(f"Invalid integer: {value}", code="parameter_invalid_integer", param=where)
    return int(value)


def _time(value: str, where: str) -> int:
    timestamp = _integer(value, where)
    if abs(timestamp) >= MILLISECONDS:
        raise ApiError(f"Invalid timestamp: {value}; use seconds", code="parameter_invalid_integer", param=where)
    return timestamp


def _number(value: str, where: str) -> float:
    if not re.fullmatch(r"-?\d+(\.\d+)?", value):
        raise invalid(f"Invalid decimal: {value}", where)
    return float(value)


def _decimal(value: str, where: str) -> str:
    _number(value, where)
    return value


def _boolean(value: str, where: str) -> bool:
    if value not in ("true", "false"):
        raise invalid(f"Invalid boolean: {value}", where)
    return value == "true"


def _event_type(value: str, where: str) -> str:
    if value not in EVENT_TYPES:
        raise invalid(f"Invalid {where}: must be one of the types of events; got {value}", where)
    return value


def _range(value: Object, where: str) -> Object:
    return {name: _time(str(each), f"{where}[{name}]") for name, each in value.items() if _is_bound(name, where)}


def _is_bound(name: str, where: str) -> bool:
    if name not in RANGE:
        raise unknown_parameter(f"{where}[{name}]")
    return True


def _metadata(value: Object, where: str) -> dict[str, str]:
    if len(value) > METADATA_KEYS:
        raise invalid(f"You can only set {METADATA_KEYS} keys in the metadata hash.", where)
    for key, each in value.items():
        if isinstance(each, dict):
            raise invalid("Metadata values must be strings", f"{where}[{key}]")
        if len(key) > METADATA_KEY_LENGTH:
            raise invalid(f"Metadata keys can be up to {METADATA_KEY_LENGTH} characters long.", where)
        if len(each) > METADATA_VALUE_LENGTH:
            raise invalid(f"Metadata values can have up to {METADATA_VALUE_LENGTH} characters.", f"{where}[{key}]")
    return value


SCALARS: dict[str, Callable[[str, str], object]] = {
    "string": _string,
    "text": _text,
    "integer": _integer,
    "time": _time,
    "range": _time,
    "number": _number,
    "decimal": _decimal,
    "boolean": _boolean,
    "event_type": _event_type,
}
HASHES: dict[str, Callable[[Object, str], object]] = {"range": _range, "metadata": _metadata}
