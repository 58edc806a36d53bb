"""How a person's attempt on a hosted page ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

OutcomeKind = Literal["paid", "started", "authentication_required", "declined", "processing"]


@dataclass(frozen=True)
class Outcome:
    """``paid``, ``started`` (a trial or something free), ``processing``: go to ``redirect_url``, the seller's page.

    ``authentication_required``: go to ``redirect_url``, the bank's page (``authentication_id``).
    ``declined``: show ``message`` where the person is; after a declined authentication
    ``redirect_url`` is the page to return to.
    """

    kind: OutcomeKind
    redirect_url: str = ""
    message: str = ""
    authentication_id: str = ""
