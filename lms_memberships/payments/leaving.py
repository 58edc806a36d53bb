"""What do we ask of the provider when somebody leaves, rests or is won back? Pauses, previews, and invoices let go of."""

from dataclasses import dataclass
from typing import Protocol

from .switching import PreviewSnapshot


@dataclass(frozen=True)
class Why:
    """What somebody said who cancelled. ``feedback``: one of the provider's words, or empty."""

    feedback: str = ""
    comment: str = ""


#: Nothing was said.
UNSAID = Why()


class LeavingGateway(Protocol):
    """A part of ``gateway.Gateway``. Every method raises a ``GatewayFailure``."""

    def cancel_at_period_end(self, subscription_id: str, *, key: str, why: Why = UNSAID) -> None: ...
    def cancel_now(self, subscription_id: str, *, why: Why = UNSAID, keeps_credit: bool = False) -> None: ...
    def pause(self, subscription_id: str, *, key: str) -> None: ...
    def preview_pause(self, subscription_id: str) -> PreviewSnapshot: ...
    def preview_unpause(self, subscription_id: str) -> PreviewSnapshot: ...
    def unpause(self, subscription_id: str, *, key: str) -> None: ...
    def preview_with_code(self, subscription_id: str, code_id: str) -> PreviewSnapshot: ...
    def void_invoice(self, invoice_id: str, *, key: str) -> None: ...
