"""Who is this person at Stripe? One customer each, in each account and mode (X8)."""

import hashlib

from django.contrib.auth.models import AbstractBaseUser

from .gateway import CustomerRequest, Gateway
from .intents import carry_out
from .models import Customer

#: How our customers say whose they are. The value is the person's primary key.
METADATA_KEY = "lmsm_user"


def customer_for(user: AbstractBaseUser, *, gateway: Gateway, language: str) -> str:
    """The person's customer id at Stripe: the one we know, or a new one where there is none, or it was deleted."""
    row = Customer.objects.filter(user_id=user.pk, account=gateway.account_id, livemode=gateway.livemode).first()
    if row is not None and gateway.customer_exists(row.stripe_id):
        return row.stripe_id
    stripe_id = _make(user, gateway=gateway, language=language, replaces=row.stripe_id if row else "")
    Customer.objects.update_or_create(
        user_id=user.pk, account=gateway.account_id, livemode=gateway.livemode, defaults={"stripe_id": stripe_id}
    )
    return stripe_id


def _make(user: AbstractBaseUser, *, gateway: Gateway, language: str, replaces: str) -> str:
    request = CustomerRequest(
        email=email_of(user), name=_name_of(user), language=language, metadata={METADATA_KEY: str(user.pk)}
    )
    return carry_out(
        purpose="customer",
        subject=":".join([str(user.pk), _digest(request.email), *([replaces] if replaces else [])]),
        # Not the language or the name: a person who comes back in French is still the same customer.
        parameters={"email": _digest(request.email), "user": str(user.pk)},
        gateway=gateway,
        call=lambda key: gateway.create_customer(request, key=key),
        result_id=str,
        find=lambda: gateway.find_customer(email=request.email, metadata_key=METADATA_KEY, metadata_value=str(user.pk)),
    )


def email_of(user: AbstractBaseUser) -> str:
    """The address under which this user model keeps e-mail."""
    return str(getattr(user, user.get_email_field_name(), "") or "")


def _name_of(user: AbstractBaseUser) -> str:
    full_name = getattr(user, "get_full_name", None)
    return str(full_name()) if callable(full_name) else ""


def _digest(email: str) -> str:
    # An intent is kept for good: it holds no address.
    return hashlib.sha256(email.lower().encode()).hexdigest()[:16]
