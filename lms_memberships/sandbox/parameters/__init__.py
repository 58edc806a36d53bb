"""Which endpoints the API has, and which parameters each of them takes.

A table has one block for each endpoint: its method and path, then one parameter a line, deeper ones indented.

    name! text<40> unset     required, at most 40 characters, an empty string unsets it
    items[]                  an array of hashes, or of the type that follows
    currency_options{}       a hash whose keys are free
    now|time                 that word, or a timestamp

``paged`` behind the path adds the parameters of every list; ``expand`` is taken everywhere, except by deletions.
"""

from __future__ import annotations

from . import (
    catalogue,
    checkout,
    customers,
    events,
    giving_back,
    invoices,
    payments,
    portal,
    schedules,
    subscriptions,
    taxes,
)
from .language import Endpoint, Field, parse

_TABLES = (
    catalogue,
    checkout,
    customers,
    events,
    giving_back,
    invoices,
    payments,
    portal,
    schedules,
    subscriptions,
    taxes,
)
ENDPOINTS: list[Endpoint] = [endpoint for module in _TABLES for endpoint in parse(module.TABLE)]

__all__ = ["ENDPOINTS", "Endpoint", "Field"]
