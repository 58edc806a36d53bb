"""Whose is it, and who may write now? One lock for everything that one person holds (B3, C2, C6).

The order is always the same: person, Checkout, Subscription, Invoice.
"""

import uuid
from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db.models import QuerySet, Subquery
from django.db.models.functions import Coalesce

from ..payments.gateway import Gateway
from .gift_models import Gift, GiftQuerySet
from .models import Checkout, Subscription
from .queries import CheckoutQuerySet

#: The keys that we put on everything we make at Stripe.
USER_KEY = "lmsm_user"
MEMBERSHIP_KEY = "lmsm_membership"
ATTEMPT_KEY = "lmsm_attempt"
#: On what pays for a gift, in place of an attempt: it opens nothing for whoever paid.
GIFT_KEY = "lmsm_gift"


def lock_person(user_id: int) -> None:
    """Wait until nobody else writes what this person holds. Only inside a transaction."""
    # No key: rows that merely point to the person can still be written meanwhile.
    list(_people().filter(pk=user_id).values_list("pk"))


def lock_owner(stripe_id: str, attempt: str, *, gateway: Gateway) -> int | None:
    """Lock the person whose subscription this is: of our row, or of the attempt that led to it. None: not ours."""
    known = Subscription.objects.at(gateway).filter(stripe_id=stripe_id).values("user_id")[:1]
    tried = attempts(attempt, gateway=gateway).values("user_id")[:1]
    owner = Coalesce(Subquery(known), Subquery(tried))
    return _people().filter(pk=owner).values_list("pk", flat=True).order_by("pk").first()


def holdings(user_id: int) -> list[Subscription]:
    """All that this person holds or held, for writing, with what their access depends on. A handful at most."""
    held = Subscription.objects.filter(user_id=user_id).select_related("membership", "price")
    return list(held.select_for_update(of=("self",)).order_by("pk"))


def hold(subscription_id: int, owner_id: int) -> tuple[Subscription, list[Subscription]]:
    """Lock its owner and read what they hold. Raises DoesNotExist if it is gone: a gift that waits has no row again.

    Whose it was said to be may have changed before the lock was ours: two accounts became one (K11).
    """
    while True:
        lock_person(owner_id)
        rows = holdings(owner_id)
        found = next((row for row in rows if row.pk == subscription_id), None)
        if found is not None:
            return found, rows
        owner_id = Subscription.objects.values_list("user_id", flat=True).get(pk=subscription_id)


def attempts(attempt: str, *, gateway: Gateway) -> CheckoutQuerySet:
    """The attempt to buy that Stripe's metadata names, if it is one of ours in this account."""
    try:
        return Checkout.objects.at(gateway).filter(uuid=uuid.UUID(attempt))
    except ValueError:
        return Checkout.objects.none()


def gifts(reference: str, *, gateway: Gateway) -> GiftQuerySet:
    """The gift that Stripe's metadata names, if it is one of ours in this account."""
    try:
        return Gift.objects.at(gateway).filter(uuid=uuid.UUID(reference))
    except ValueError:
        return Gift.objects.none()


def leaving(user_ids: Iterable[Any]) -> set[Any]:
    """Of these people, whose account is being deleted or was."""
    # By its name: whose account goes is decided above us.
    erasures = apps.get_model("lms_memberships", "Erasure")._default_manager
    return set(erasures.filter(user_id__in=list(user_ids)).values_list("user_id", flat=True))


def _people() -> QuerySet:
    return get_user_model()._base_manager.select_for_update(no_key=True)
