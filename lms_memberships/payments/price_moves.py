"""What do we ask of the provider to give somebody another price of what they hold? One call, with the next renewal (X11)."""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .gateway import SubscriptionSnapshot


class PriceMoveGateway(Protocol):
    """A part of ``gateway.Gateway``. Every method raises a ``GatewayFailure``."""

    def move_price(self, subscription_id: str, *, old: str, new: str, key: str) -> "SubscriptionSnapshot": ...
