"""Which addresses are ours? Read from the resolver itself, by module and by namespace, so that none can be forgotten."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

#: A view of ours, wherever it is mounted; and Wagtail's views over our models, which live in its modules.
OUR_MODULE = "lms_memberships"
OUR_NAMESPACES = re.compile(r"^(lms_memberships|wagtail_lms|.*_lms_memberships_\w+|lms_memberships\w*)$")


@dataclass(frozen=True)
class Address:
    """One entry of the URLconf."""

    name: str
    pattern: str
    module: str
    #: Opens its own transactions: ``ATOMIC_REQUESTS`` puts none around it.
    is_unwrapped: bool
    #: What it is called in the package: "portal.paying.pay".
    view: str = ""


def every_address() -> Iterator[Address]:
    """All entries of the site."""
    yield from _walk(get_resolver(), "", ())


def our_addresses() -> dict[str, Address]:
    """Name → entry, of all that are ours. An entry without a name, or with another's, is an error."""
    found: dict[str, Address] = {}
    for address in every_address():
        namespace = address.name.rpartition(":")[0]
        is_named_ours = address.name.startswith(OUR_MODULE)
        if is_named_ours or address.module.startswith(OUR_MODULE) or OUR_NAMESPACES.match(namespace):
            assert not address.name.endswith(":"), f"{address.pattern} has no name"
            assert address.name not in found, f"two addresses are called {address.name}"
            found[address.name] = address
    return found


def _walk(resolver: URLResolver, prefix: str, namespaces: tuple[str, ...]) -> Iterator[Address]:
    for entry in resolver.url_patterns:
        pattern = prefix + str(entry.pattern)
        if isinstance(entry, URLPattern):
            name, view = ":".join([*namespaces, entry.name or ""]), entry.callback
            seen = _written(view)
            written = f"{seen.__module__}.{getattr(seen, '__name__', '')}".removeprefix(f"{OUR_MODULE}.")
            yield Address(name, pattern, seen.__module__, bool(getattr(view, "_non_atomic_requests", None)), written)
        else:
            inner = (*namespaces, entry.namespace) if entry.namespace else namespaces
            yield from _walk(entry, pattern, inner)


def _written(view: object) -> Any:
    """The view as it was written, through whatever wraps it."""
    seen = getattr(view, "view_class", None) or view
    while inner := getattr(seen, "__wrapped__", None) or getattr(seen, "func", None):
        seen = inner
        seen = getattr(seen, "view_class", None) or seen
    return seen
