"""What follows each fact? The one table. A reaction only writes rows; tasks carry them out after commit."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from django.db import transaction
from django_tasks.base import Task
from wagtail.log_actions import log

from . import events
from .access import deliveries, fence
from .access.tasks import deliver as deliver_items
from .emails import owed
from .emails.tasks import deliver as deliver_emails
from .history import SECOND_PURCHASE_UNDONE
from .memberships.models import Membership
from .memberships.tasks import prepare_waiting
from .subscriptions.models import Subscription

#: Each takes the class of fact that its row names: that is what the table is for.
Reaction = Callable[[Any], None]


def _soon(task: Task) -> Reaction:
    """A reaction that starts a task after commit. The rows are there: the task only makes it happen sooner."""

    def start(fact: events.Fact) -> None:
        # Robust: a broken queue must not turn a committed purchase into an error page.
        transaction.on_commit(task.enqueue, robust=True)

    return start


def _fence_bundle(fact: events.MembershipPublished) -> None:
    fence.refresh_for(Membership.objects.get(pk=fact.membership_id))


def _owe_new_items(fact: events.MembershipPublished) -> None:
    deliveries.owe_for_membership(fact.membership_id)


def _owe_items(fact: events.SubscriptionFact) -> None:
    deliveries.owe(fact.subscription_id)


def _note_in_history(fact: events.SubscriptionFact) -> None:
    subscription = Subscription.objects.select_related("membership", "user").get(pk=fact.subscription_id)
    data = {"student": subscription.user.get_username(), "subscription": subscription.stripe_id}
    log(subscription.membership, SECOND_PURCHASE_UNDONE, data=data)


_email = partial(_soon, deliver_emails)
_items = partial(_soon, deliver_items)

#: A fact without a reaction is listed with an empty row, so that nobody wonders whether it was forgotten.
REACTIONS: Mapping[type[events.Fact], tuple[Reaction, ...]] = {
    events.MembershipPublished: (_fence_bundle, _owe_new_items, _items(), _soon(prepare_waiting)),
    events.SubscriptionStarted: (owed.about_subscription, _email()),
    events.SubscriptionCancelled: (owed.about_subscription, _email()),
    # Taking a cancellation back changes nothing that the student would not see on the page.
    events.SubscriptionResumed: (),
    # The end of access is what people notice; it has its own fact.
    events.SubscriptionEnded: (),
    events.AccessGained: (owed.about_subscription, _owe_items, _items(), _email()),
    # Nothing is taken back from the item's own system: progress stays.
    events.AccessLost: (owed.about_subscription, _email()),
    events.TrialEndsSoon: (owed.about_subscription, _email()),
    # In the membership's history, where a creator looks when a student asks about a refund (C6).
    events.SecondPurchaseUndone: (_note_in_history,),
    events.PaymentSucceeded: (owed.about_invoice, _email()),
    events.PaymentFailed: (owed.about_invoice, _email()),
}


def react(fact: events.Fact) -> None:
    """Call what the table names, in its order, inside the publishing transaction."""
    for reaction in REACTIONS[type(fact)]:
        reaction(fact)
