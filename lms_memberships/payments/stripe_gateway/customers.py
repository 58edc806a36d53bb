"""Who buys, in Stripe's books? Customers, made once for each person."""

from typing import TYPE_CHECKING

from ..gateway import CustomerRequest, NotFound
from .calls import Calls, under
from .failures import translated
from .locales import stripe_locale

if TYPE_CHECKING:
    from stripe.params import CustomerCreateParams


class CustomerCalls(Calls):
    """Customers."""

    def create_customer(self, request: CustomerRequest, *, key: str) -> str:
        params: CustomerCreateParams = {"metadata": request.metadata}
        # Stripe takes no empty texts when it creates.
        if request.email:
            params["email"] = request.email
        if request.name:
            params["name"] = request.name
        locale = stripe_locale(request.language)
        if locale != "auto":
            params["preferred_locales"] = [locale]
        with translated():
            return self.client.v1.customers.create(params, under(key)).id

    def find_customer(self, *, email: str, metadata_key: str, metadata_value: str) -> str | None:
        # A list, not a search: what was written a second ago is in it (D9).
        with translated():
            for each in self.client.v1.customers.list({"email": email, "limit": 100}).auto_paging_iter():
                if getattr(each.metadata, metadata_key, None) == metadata_value:
                    return each.id
        return None

    def customer_exists(self, customer_id: str) -> bool:
        try:
            with translated():
                found = self.client.v1.customers.retrieve(customer_id)
        except NotFound:
            return False
        return not getattr(found, "deleted", False)

    def update_customer_email(self, customer_id: str, email: str, *, key: str) -> None:
        with translated():
            self.client.v1.customers.update(customer_id, {"email": email}, under(key))

    def customer_email(self, customer_id: str) -> str | None:
        """None: there is no such customer any more."""
        try:
            with translated():
                found = self.client.v1.customers.retrieve(customer_id)
        except NotFound:
            return None
        return None if getattr(found, "deleted", False) else found.email or ""
