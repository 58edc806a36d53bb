"""Who is in the list of people? Rows of every state, made at once, without Stripe."""

from datetime import datetime, timedelta

from django.contrib.auth import get_user_model
from django.utils import timezone

from lms_memberships.models import Account, Membership, Subscription
from lms_memberships.subscriptions.models import FOR_GOOD

DAY = timedelta(days=1)
#: A text that begins so is a formula to a spreadsheet, also after what it leaves out.
FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")


def columns_of(state: str, now: datetime) -> dict[str, object]:
    """What a subscription in this state has in its columns."""
    running = {"opened_at": now - 40 * DAY, "access_until": now + 20 * DAY, "period_end": now + 13 * DAY}
    return {
        "live": {**running, "status": "active"},
        "trial": {**running, "status": "trialing", "trial_end": now + 3 * DAY},
        "failing": {**running, "status": "past_due", "access_until": now + 2 * DAY, "unpaid_since": now - 5 * DAY},
        "disputed": {**running, "status": "active", "suspended_at": now - DAY, "access_until": now - DAY},
        "checked": {**running, "status": "active", "flag": "unknown_price", "access_until": now - DAY},
        "cancelled": {**running, "status": "active", "cancel_at": now + 9 * DAY, "access_until": now + 9 * DAY},
        "paused": {**running, "status": "paused", "access_until": now - DAY},
        "waiting": {"status": "incomplete", "access_until": None, "opened_at": None},
        "for_good": {**running, "status": "active", "is_recurring": False, "access_until": FOR_GOOD},
        "ended": {**running, "status": "canceled", "access_until": now - DAY, "ended_at": now - DAY},
    }[state]


STATES = (
    *("live", "trial", "failing", "disputed", "checked"),
    *("cancelled", "paused", "waiting", "for_good", "ended"),
)


def holds(person, membership: Membership, state: str = "live", **more: object) -> Subscription:
    """One subscription in that state."""
    now = timezone.now()
    account = Account.objects.first()
    values = {
        "account": account.stripe_id if account else "acct_1",
        "livemode": False,
        "stripe_id": f"sub_{person.pk}_{membership.pk}_{state}",
        "amount": 1900,
        "currency": "eur",
        "interval": "month",
        "language": "en",
        "started_at": now - 40 * DAY,
        **columns_of(state, now),
        **more,
    }
    return Subscription.objects.create(user=person, membership=membership, **values)


def crowd(membership: Membership, number: int, *, first: int = 0, state: str = "live") -> list[Subscription]:
    """So many people who hold it, each begun an hour before the one before."""
    now = timezone.now()
    model = get_user_model()
    names = [f"crowd{first + each:05d}" for each in range(number)]
    model.objects.bulk_create(model(username=name, email=f"{name}@school.test") for name in names)
    people = model.objects.in_bulk(names, field_name="username")
    rows = [
        Subscription(
            user=people[name], membership=membership, stripe_id=f"sub_{name}", language="en", account="acct_1",
            started_at=now - timedelta(hours=first + each), **columns_of(state, now),
        )
        for each, name in enumerate(names)
    ]  # fmt: skip
    return Subscription.objects.bulk_create(rows)
