"""What follows each fact? The one table. A reaction only writes rows; tasks carry them out after commit."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from django.db import transaction
from django_tasks.base import Task
from wagtail.log_actions import log

from . import events
from .access import deliveries, fence, spreading
from .access.tasks import deliver as deliver_items
from .announcements import telling
from .announcements.tasks import tell
from .emails import gift_delivery, money_back, owed
from .emails.tasks import deliver as deliver_emails
from .history import OVERBOOKED, PLACELESS_PURCHASE_UNDONE, PRICE_UNKNOWN, SECOND_PURCHASE_UNDONE
from .memberships.models import Membership
from .memberships.tasks import prepare_waiting
from .subscriptions import departures, gift_turns, merging
from .subscriptions.models import Subscription
from .subscriptions.tasks import end_instalments, tidy_change

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
    spreading.ask(fact.membership_id)


def _owe_items_of_tiers(fact: events.LadderChanged) -> None:
    deliveries.owe_for_ladder(fact.ladder_id)


def _owe_items_again(fact: events.AccountsMerged) -> None:
    deliveries.owe_again(merging.moved_by(fact.deed_id))


def _owe_items(fact: events.SubscriptionFact) -> None:
    deliveries.owe(fact.subscription_id)


#: What a creator finds in the membership's history.
IN_HISTORY: Mapping[type[events.Fact], str] = {
    events.SecondPurchaseUndone: SECOND_PURCHASE_UNDONE,
    events.PlacelessPurchaseUndone: PLACELESS_PURCHASE_UNDONE,
    events.Overbooked: OVERBOOKED,
    events.PriceBecameUnknown: PRICE_UNKNOWN,
}


def _note_in_history(fact: events.SubscriptionFact) -> None:
    subscription = Subscription.objects.select_related("membership", "user").get(pk=fact.subscription_id)
    data = {"student": subscription.user.get_username(), "subscription": subscription.stripe_id}
    log(subscription.membership, IN_HISTORY[type(fact)], data=data)


def _end_instalments(fact: events.SubscriptionFact) -> None:
    """Looked at after commit: no purchase waits for it. Should it fail, the daily job finds it."""
    transaction.on_commit(partial(_start_ending_instalments, fact.subscription_id), robust=True)


def _start_ending_instalments(subscription_id: int) -> None:
    if Subscription.objects.filter(pk=subscription_id, price__instalments__gt=0).exists():
        end_instalments.enqueue(subscription_id)


def _tidy_change(fact: events.MembershipChanged) -> None:
    """At Stripe, after commit: what is written there is for whoever looks, and nothing waits for it."""
    transaction.on_commit(partial(tidy_change.enqueue, fact.subscription_id), robust=True)


_email = partial(_soon, deliver_emails)
_items = partial(_soon, deliver_items)

#: A fact without a reaction is listed with an empty row, so that nobody wonders whether it was forgotten.
REACTIONS: Mapping[type[events.Fact], tuple[Reaction, ...]] = {
    events.MembershipPublished: (_fence_bundle, _owe_new_items, _items(), _soon(prepare_waiting)),
    events.LadderChanged: (_owe_items_of_tiers, _items()),
    events.SubscriptionStarted: (owed.about_subscription, _email(), _end_instalments),
    # From here to "access lost": a gift that waits behind it is laid where it ends (X15). That something begins moves
    # none that has begun; the daily job looks at the others.
    events.SubscriptionCancelled: (owed.about_subscription, _email(), gift_turns.after),
    # Taking a cancellation back changes nothing that the student would not see on the page. Also when it was taken
    # back in Stripe's dashboard, instalments end after the last one, and nobody has left.
    events.SubscriptionResumed: (departures.after_return, _end_instalments, gift_turns.after),
    # The end of access is what people notice; it has its own fact.
    events.SubscriptionEnded: (gift_turns.after,),
    events.AccessGained: (owed.about_subscription, _owe_items, _items(), _email()),
    # Nothing is taken back from the item's own system: progress stays.
    events.AccessLost: (owed.about_subscription, _email(), gift_turns.after),
    # Neither bought nor cancelled: the new one's items follow, and one mail says what it is now.
    events.MembershipChanged: (
        owed.about_subscription,
        _owe_items,
        _items(),
        _email(),
        _tidy_change,
        gift_turns.after,
    ),
    events.TrialEndsSoon: (owed.about_subscription, _email()),
    # Reminders: a word to the student, and nothing else follows.
    events.PaymentMissing: (owed.about_a_missing_payment, _email()),
    events.RenewalSoon: (owed.about_a_renewal, _email()),
    events.CardExpiresSoon: (owed.about_subscription, _email()),
    # In the membership's history, where a creator looks when a student asks about a refund (C6).
    events.SecondPurchaseUndone: (_note_in_history,),
    events.PlacelessPurchaseUndone: (_note_in_history, owed.about_subscription, _email()),
    # Nobody is sent away; but a creator sees why there are more members than places.
    events.Overbooked: (_note_in_history,),
    # The health page turns red as well, and names it.
    events.PriceBecameUnknown: (_note_in_history, owed.about_subscription, _email()),
    # The courses' own systems know people by their accounts: they hear of the other one.
    events.AccountsMerged: (_owe_items_again, _items()),
    events.PlaceOffered: (owed.about_a_place, _email()),
    events.PriceWillChange: (owed.about_a_price_change, _email()),
    # Nobody's yet: the mail is all that follows.
    events.GuestLinkOwed: (owed.about_a_guest, _email()),
    events.GuestReminded: (owed.about_a_guest, _email()),
    events.GuestRenewalStopped: (owed.about_a_guest, _email()),
    events.GuestPurchaseReturned: (owed.about_a_guest, _email()),
    # Mailed at once if its day is today; else the daily job brings it.
    events.GiftPaid: (owed.about_gift, gift_delivery.after_payment, _email()),
    events.GiftDelivered: (owed.about_gift, _email()),
    # Whoever redeems it sees it open, and hears so by "access gained".
    events.GiftRedeemed: (),
    events.GiftReturned: (owed.about_gift, _email()),
    # What a full one closes was closed in the transaction that tells it: access lost says so.
    events.RefundMade: (money_back.about_refund, _email()),
    events.RefundFailed: (money_back.about_refund, _email()),
    events.DisputeOpened: (money_back.about_dispute, _email()),
    events.DisputeDecided: (money_back.about_dispute, _email()),
    # Acknowledged at once, whenever Stripe answers.
    events.ContractWithdrawn: (owed.about_a_withdrawal, _email()),
    events.PaymentSucceeded: (owed.about_invoice, _email()),
    events.PaymentFailed: (owed.about_invoice, _email()),
}


def react(fact: events.Fact) -> None:
    """Call what the table names, in its order, inside the publishing transaction; then owe the rest of the site word."""
    for reaction in REACTIONS[type(fact)]:
        reaction(fact)
    if telling.owe(fact):
        transaction.on_commit(tell.enqueue, robust=True)
