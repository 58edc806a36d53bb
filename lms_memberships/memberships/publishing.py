"""How does a membership come on sale? Complete it, have Stripe confirm its price, publish (design §5)."""

import logging
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from functools import partial

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from wagtail.models import Revision
from wagtail.signals import published, unpublished

from .. import conf, events
from ..errors import Refusal
from ..payments.connect import Connection
from ..payments.gateway import Gateway, GatewayFailure
from . import existing_prices, ladder_rules, old_prices, stripe_catalogue
from .models import Membership, Price
from .ways import Way, first_way, ways

logger = logging.getLogger(__name__)


class Incomplete(Refusal):
    """The membership lacks something that a student would need. ``problems`` says what, by field."""

    message = _("This membership is not complete yet.")

    def __init__(self, problems: dict[str, list[str]]) -> None:
        self.problems = problems
        super().__init__()


class SaleState(StrEnum):
    """Where a membership stands between draft and sale."""

    DRAFT = "draft"
    UNPUBLISHED = "unpublished"
    WAITING = "waiting"
    FAILED = "failed"
    ON_SALE = "on_sale"


SALE_STATE_LABELS: dict[SaleState, str | Promise] = {
    SaleState.DRAFT: _("Draft"),
    SaleState.UNPUBLISHED: _("Not published any more"),
    SaleState.WAITING: _("Published, waiting for Stripe"),
    SaleState.FAILED: _("Published, but not on sale"),
    SaleState.ON_SALE: _("On sale"),
}


def problems(membership: Membership) -> dict[str, list[str]]:
    """What keeps this version from going on sale, by field name; ``bundle_items`` for the bundle."""
    found: dict[str, list[str]] = {}
    try:
        membership.full_clean()
    except ValidationError as error:
        for name, errors in error.error_dict.items():
            field = "title" if name == NON_FIELD_ERRORS else name
            found[field] = [message for one in errors for message in one.messages]
    if not membership.bundle_items.exists():
        found["bundle_items"] = [str(_("Choose at least one course, live session or product."))]
    if misfits := ladder_rules.problems_of(membership):
        found["price_amount"] = found.get("price_amount", []) + misfits
    return found


def prepare(membership: Membership, *, gateway: Gateway, now: datetime) -> Price:
    """Have Stripe know this version's product and all its prices; the row of the first comes back confirmed.

    Called before the button publishes, and after for every other way of publishing. Calling it again makes
    nothing new. Raises Incomplete, or a GatewayFailure, whose sentence is kept on the price's row.
    """
    missing = problems(membership)
    if missing:
        raise Incomplete(missing)
    planned = [(way, _plan(membership, way, gateway, now)) for way in ways(membership)]
    # The product of a price that was taken over is the creator's: its texts are left alone (W4).
    if any(price.confirmed_at and not price.is_adopted for _way, price in planned):
        stripe_catalogue.update_product(membership, gateway=gateway)
    for way, price in planned:
        if price.confirmed_at is None or price.is_adopted:
            _confirm(price, way, membership, gateway=gateway, now=now)
    return planned[0][1]


def _confirm(price: Price, way: Way, membership: Membership, *, gateway: Gateway, now: datetime) -> None:
    try:
        if price.is_adopted or way.stripe_price_id:
            existing_prices.adopt(price, way.stripe_price_id, membership, gateway=gateway, now=now)
        else:
            stripe_catalogue.confirm(price, membership, gateway=gateway, now=now)
    except GatewayFailure as failure:
        Price.objects.filter(pk=price.pk, confirmed_at=None).update(failure=str(failure.message))
        raise


def prepare_waiting(*, gateway: Gateway, now: datetime) -> int:
    """Prepare every published membership whose price Stripe has not confirmed. Returns how many it tried.

    A failure is kept on the row for the admin to see and does not stop the others.
    """
    connection = Connection(account_id=gateway.account_id, livemode=gateway.livemode)
    tried = 0
    for membership in Membership.objects.unprepared(connection).order_by("pk"):
        tried += 1
        _try_to_prepare(membership, gateway, now)
    return tried


def sale_state(membership: Membership, connection: Connection | None) -> tuple[SaleState, str]:
    """Where it stands, and why it is not on sale, if it is not. Two queries at most."""
    if not membership.live:
        state = SaleState.DRAFT if membership.first_published_at is None else SaleState.UNPUBLISHED
        return state, ""
    if connection is None:
        return SaleState.FAILED, str(_("No Stripe account is connected."))
    if Membership.objects.on_sale(connection).filter(pk=membership.pk).exists():
        return SaleState.ON_SALE, ""
    missing = problems(membership)
    if missing:
        return SaleState.FAILED, " ".join(text for texts in missing.values() for text in texts)
    price = current_price(membership, connection)
    if price is not None and price.failure:
        return SaleState.FAILED, price.failure
    return SaleState.WAITING, ""


def current_price(membership: Membership, connection: Connection) -> Price | None:
    """The row for what this version costs first in the connected account, confirmed or not."""
    first = first_way(membership)
    return Price.objects.in_account(connection).of_way(membership.pk, first).first() if first else None


def connect(*, now: Callable[[], datetime]) -> None:
    """Hear of every way of publishing: button, workflow, schedule, bulk action, API."""
    for signal, receiver in ((published, _published), (unpublished, _unpublished)):
        # Not weakly: nobody else holds what ``partial`` makes.
        name = f"lms_memberships.publishing.{receiver.__name__}"
        signal.connect(partial(receiver, now), sender=Membership, weak=False, dispatch_uid=name)


def _plan(membership: Membership, way: Way, gateway: Gateway, now: datetime) -> Price:
    amount, currency, interval, instalments = way.key
    with transaction.atomic():
        price, _created = Price.objects.get_or_create(
            membership_id=membership.pk,
            account=gateway.account_id,
            livemode=gateway.livemode,
            amount=amount,
            currency=currency,
            interval=interval,
            instalments=instalments,
            tax_behavior=conf.TAX_BEHAVIOR,
            defaults={"created_at": now},
        )
    return price


def _try_to_prepare(membership: Membership, gateway: Gateway, now: datetime) -> None:
    try:
        prepare(membership, gateway=gateway, now=now)
    except Incomplete as refusal:
        logger.warning("Membership %s is published but not complete: %s", membership.pk, refusal.problems)
    except GatewayFailure as failure:
        logger.warning("Membership %s could not be prepared at Stripe: %s", membership.pk, failure)


def _published(
    now: Callable[[], datetime],
    sender: type,
    instance: Membership,
    revision: Revision | None = None,
    **kwargs: object,
) -> None:
    """Note the fact; reactions do the rest after commit. Never raises: it would stop a whole schedule run."""
    try:
        with transaction.atomic():
            fact = events.MembershipPublished(instance.pk, revision.pk if revision else 0)
            events.publish(fact)
            old_prices.note(instance, now=now())
    except Exception:
        logger.exception("Publishing membership %s could not be followed up", instance.pk)


def _unpublished(now: Callable[[], datetime], sender: type, instance: Membership, **kwargs: object) -> None:
    """Nothing is asked any more. Never raises, for the same reason."""
    try:
        old_prices.note(instance, now=now())
    except Exception:
        logger.exception("What membership %s was sold for could not be noted", instance.pk)
