"""What do we ask of the provider about tax? Whether it is set up, and where the seller is registered."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class TaxSetupSnapshot:
    """``missing``: what the provider still wants to know. ``default_behavior`` "": prices must say it themselves."""

    is_active: bool
    missing: tuple[str, ...] = ()
    default_behavior: str = ""


class TaxGateway(Protocol):
    """A part of ``gateway.Gateway``. Every method raises a ``GatewayFailure``."""

    def read_tax_setup(self) -> TaxSetupSnapshot: ...
    def tax_countries(self) -> tuple[str, ...]: ...
