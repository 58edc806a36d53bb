"""How does somebody get a membership without paying? Nothing at Stripe stands for it, so its end is known at once (X2)."""

from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser

from .. import events
from ..memberships.models import Membership
from ..payments.gateway import SubscriptionStatus
from . import duplicates, people, places, waiting
from .models import FOR_GOOD, Subscription
from .told import save_and_tell


def give(
    user: AbstractBaseUser, membership: Membership, *, until: datetime | None, language: str, now: datetime
) -> Subscription:
    """Open it for them, until then or for good. Raises places.Full.

    Inside the transaction of whoever gives, under the person's lock. What is written here is never read from Stripe:
    the row has no id there, no account, and nothing to renew. Time ends it, and ``lifecycle.announce_lapses`` tells.
    """
    places.reserve(user.pk, membership, now=now)
    waiting.strike_off(user.pk, membership.pk)
    subscription = Subscription(
        user_id=user.pk,
        membership=membership,
        origin=Subscription.Origin.GIVEN,
        is_recurring=False,
        status=SubscriptionStatus.ACTIVE,
        access_until=until or FOR_GOOD,
        opened_at=now,
        is_open_told=True,
        language=language,
        started_at=now,
        period_end=until,
    )
    # Whoever holds it in another way gains nothing by this one.
    others = duplicates.Others(subscription, people.holdings(user.pk))
    save_and_tell(subscription, [] if others.give_access(now) else [events.AccessGained])
    return subscription
