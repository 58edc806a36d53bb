"""What if a guard were gone in every process of a site? Each by its name in ``RIG_WITHOUT``, for negative controls only."""

import threading
import time
from collections.abc import Callable

from django.core.cache import cache
from django.db import transaction

from lms_memberships.access import policy
from lms_memberships.emails import outbox
from lms_memberships.webhooks import inbox, receive

#: Far longer than it takes to stop a database.
LATER_SECONDS = 3


def settle_after_the_work() -> None:
    """T3: an event is written off before anything was done about it."""
    handle = inbox._handle

    def settle_and_handle(events, reading):
        type(events[0]).objects.filter(pk__in=[event.pk for event in events]).update(state=inbox.State.DONE)
        return handle(events, reading)

    inbox._handle = settle_and_handle


def mark_before_sending() -> None:
    """T3: nobody notes that a mail is about to leave."""
    outbox._mark = lambda email, lease: True


def commit_before_answering() -> None:
    """T4: Stripe is answered, and the event committed a little later."""
    note = receive._note

    def commit_later(notice) -> None:
        with transaction.atomic():
            note(notice)
            time.sleep(LATER_SECONDS)

    receive._note = lambda notice: threading.Thread(target=commit_later, args=(notice,), daemon=True).start()


def ask_each_time() -> None:
    """T13: an answer about access is kept for as long as the process lives."""
    decide, kept = policy.decide, {}

    def decide_once(user, item, *, now):
        key = (user.pk, item._meta.label, item.pk)
        if key not in kept:
            kept[key] = decide(user, item, now=now)
        return kept[key]

    policy.decide = decide_once


def unique_in_the_database() -> None:
    """E12: whether an event is known is asked of the cache. The test takes the table's own key away."""
    insert = receive._insert

    def insert_what_the_cache_does_not_know(event) -> None:
        if cache.add(f"seen:{event.event_id}", 1, timeout=None):
            insert(event)

    receive._insert = insert_what_the_cache_does_not_know


GUARDS: dict[str, Callable[[], None]] = {
    guard.__name__: guard
    for guard in (
        settle_after_the_work,
        mark_before_sending,
        commit_before_answering,
        ask_each_time,
        unique_in_the_database,
    )
}
