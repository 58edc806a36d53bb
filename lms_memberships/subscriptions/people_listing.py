"""Who holds or held something? One row a person, found, filtered and paged by the database, a million or ten (P23, X20)."""

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q, QuerySet

from ..payments.models import Account, Customer
from . import people_states
from .models import Invoice, Subscription
from .spans import day_begins, day_ends
from .tombstones import forgotten, is_column

#: Ids of Stripe's, by which a person is found exactly, as support is told them.
STRIPE_ID = re.compile(r"(sub|pi|cus|in)_\w{4,}")
#: More words than this are no name.
MOST_WORDS = 5
#: What somebody is found by, where the site's user model has it, besides its name and its address.
NAMES = ("first_name", "last_name", "full_name", "name")
#: People are counted up to here: a number that nobody reads is not worth the time it takes.
COUNTED = 10_000
SINCE, NAME = "started_at", "name"
LONGEST_KEY = 19


@dataclass(frozen=True)
class Wanted:
    """Whom a list is narrowed to. All that is said of a membership is said of one and the same subscription."""

    words: str = ""
    membership: int | None = None
    state: str = ""
    origin: str = ""
    #: Days where the site is, both included, as 2027-01-31.
    joined_from: str = ""
    joined_to: str = ""
    language: str = ""
    #: Only these people, by their keys. What is no key is nobody's.
    people: tuple[str, ...] | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of_json(cls, values: dict[str, Any]) -> "Wanted":
        found = cls(**values)
        return found if found.people is None else replace(found, people=tuple(found.people))

    @property
    def narrows_holdings(self) -> bool:
        return any((self.membership, self.state, self.origin, self.joined_from, self.joined_to, self.language))


@dataclass(frozen=True)
class Page:
    """Some rows, and whether there are more in either direction."""

    rows: list[Subscription]
    has_previous: bool
    has_next: bool


def holdings(wanted: Wanted, *, now: datetime) -> QuerySet[Subscription]:
    """The subscriptions that are meant, whoever has them."""
    rows = people_states.shown()
    if wanted.membership is not None:
        rows = rows.filter(membership_id=wanted.membership)
    if wanted.state:
        rows = rows.filter(people_states.conditions(now)[wanted.state])
    if wanted.origin:
        rows = rows.filter(origin=wanted.origin)
    if wanted.language:
        rows = rows.filter(language=wanted.language)
    if wanted.joined_from:
        # Where the site is: a list, and a file that a worker makes of it, are of the same people (M7).
        rows = rows.filter(started_at__gte=day_begins(date.fromisoformat(wanted.joined_from)))
    if wanted.joined_to:
        rows = rows.filter(started_at__lt=day_ends(date.fromisoformat(wanted.joined_to)))
    return rows


def rows(wanted: Wanted, *, now: datetime) -> QuerySet[Subscription]:
    """One row a person: what they began last. Unordered."""
    later = Q(started_at__gt=OuterRef("started_at")) | Q(started_at=OuterRef("started_at"), pk__gt=OuterRef("pk"))
    newer = people_states.shown().filter(later, user=OuterRef("user"))
    found = people_states.shown().filter(~Exists(newer)).filter(_who(wanted, "user__"))
    if wanted.narrows_holdings:
        found = found.filter(Exists(holdings(wanted, now=now).filter(user=OuterRef("user"))))
    return found.order_by()


def people(wanted: Wanted, *, now: datetime) -> QuerySet:
    """The same people, as the site's users in the order of their keys: for whatever goes through all of them."""
    held = holdings(wanted, now=now).filter(user=OuterRef("pk"))
    return get_user_model()._base_manager.filter(Exists(held)).filter(_who(wanted, "")).order_by("pk")


def count(wanted: Wanted, *, now: datetime) -> int:
    """How many people, up to COUNTED; one more than that: more."""
    # Whoever holds one, without asking which is the newest: a fraction of the work.
    return people(wanted, now=now).order_by().values("pk")[: COUNTED + 1].count()


def page(found: QuerySet[Subscription], *, ordering: str, after: str, before: str, size: int) -> Page:
    """The rows behind the one with the key ``after``, or before ``before``; the first ones without either (U18).

    ``ordering`` is SINCE or NAME, with a minus for the other direction. A key that is not there (any more) begins
    again at the front. Two queries, one for the first page, however far back.
    """
    column = f"user__{get_user_model().USERNAME_FIELD}" if ordering.lstrip("-") == NAME else SINCE
    down = ordering.startswith("-")
    mark = before or after
    value = _place_of(mark, column) if mark else None
    backwards = bool(before) and value is not None
    sign = "-" if down is not backwards else ""
    if value is not None:
        found = found.filter(_beyond(column, value, mark, downwards=bool(sign)))
    ordered = found.select_related("user").order_by(f"{sign}{column}", f"{sign}pk")
    taken = list(ordered[: size + 1])
    more, kept = len(taken) > size, taken[:size]
    if backwards:
        return Page(kept[::-1], has_previous=more, has_next=True)
    return Page(kept, has_previous=value is not None, has_next=more)


def held_by(users: Iterable[Any], *, now: datetime) -> dict[Any, list[Subscription]]:
    """All that these people hold or held, with ``standing``, by person, the newest first. One query."""
    found = people_states.with_state(people_states.shown().filter(user__in=list(users)), now=now)
    held: dict[Any, list[Subscription]] = {}
    for row in found.select_related("membership").order_by("-started_at", "-pk"):
        held.setdefault(row.user_id, []).append(row)
    return held


def _place_of(key: str, column: str) -> Any:
    is_key = key.isdecimal() and len(key) < LONGEST_KEY
    return Subscription.objects.filter(pk=key).values_list(column, flat=True).first() if is_key else None


def _beyond(column: str, value: Any, key: str, *, downwards: bool) -> Q:
    than = "lt" if downwards else "gt"
    # First what an index can be searched by, then what tells equals apart.
    strictly = Q(**{f"{column}__{than}": value}) | Q(**{f"pk__{than}": int(key)})
    return Q(**{f"{column}__{than}e": value}) & strictly


def _who(wanted: Wanted, prefix: str) -> Q:
    """What is asked of the person. Whoever was forgotten is nobody any more (K7)."""
    email = get_user_model().get_email_field_name()
    found = ~forgotten(prefix)
    if wanted.people is not None:
        found &= Q(**{f"{prefix}pk__in": _keys(wanted.people)})
    if STRIPE_ID.fullmatch(wanted.words):
        return found & _by_stripe_id(wanted.words, prefix)
    columns = [name for name in dict.fromkeys((get_user_model().USERNAME_FIELD, email, *NAMES)) if is_column(name)]
    for word in wanted.words.split()[:MOST_WORDS]:
        anywhere = Q()
        for column in columns:
            anywhere |= Q(**{f"{prefix}{column}__icontains": word})
        found &= anywhere
    return found


def _by_stripe_id(stripe_id: str, prefix: str) -> Q:
    # The index begins with account and mode.
    here = {"account__in": set(Account.objects.values_list("stripe_id", flat=True)), "livemode__in": [True, False]}
    places: dict[str, list[tuple[Any, str]]] = {
        "sub": [(Subscription, "stripe_id")],
        "pi": [(Subscription, "stripe_id"), (Invoice, "payment_intent_id")],
        "cus": [(Customer, "stripe_id")],
        "in": [(Invoice, "stripe_id")],
    }
    found = Q(pk__in=[])
    for model, column in places[stripe_id.partition("_")[0]]:
        # A handful at most: looked up first, so that the rest is found by its key.
        owners = list(model._default_manager.filter(**{column: stripe_id}, **here).values_list("user", flat=True))
        found |= Q(**{f"{prefix}pk__in": owners})
    return found


def _keys(given: Iterable[str]) -> list[Any]:
    key, found = get_user_model()._meta.pk, []
    for each in given:
        try:
            value = key.to_python(each)
            key.run_validators(value)
        except ValidationError:
            continue
        found.append(value)
    return found
