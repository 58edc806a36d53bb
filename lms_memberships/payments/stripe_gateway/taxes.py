"""Is Stripe Tax set up, and where does the seller collect? For the health page (guide §3)."""

from typing import TYPE_CHECKING

from ..taxes import TaxSetupSnapshot
from .calls import Calls
from .failures import translated

if TYPE_CHECKING:
    from stripe.params.tax import RegistrationListParams


class TaxCalls(Calls):
    """Settings and registrations of Stripe Tax."""

    def read_tax_setup(self) -> TaxSetupSnapshot:
        with translated():
            found = self.client.v1.tax.settings.retrieve()
        pending = getattr(found.status_details, "pending", None)
        return TaxSetupSnapshot(
            is_active=found.status == "active",
            missing=tuple(getattr(pending, "missing_fields", None) or ()),
            default_behavior=found.defaults.tax_behavior or "",
        )

    def tax_countries(self) -> tuple[str, ...]:
        """Where there is an active registration: elsewhere Stripe collects nothing, and says nothing."""
        params: RegistrationListParams = {"status": "active", "limit": 100}
        with translated():
            found = [each.country for each in self.client.v1.tax.registrations.list(params).auto_paging_iter()]
        return tuple(sorted(set(found)))
