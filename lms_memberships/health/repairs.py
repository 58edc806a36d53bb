"""What can be mended by a press of a button, or by ``memberships_doctor --repair``? Each under its name."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .. import clock, conf, leases, signs
from ..access.models import Delivery
from ..emails import outbox
from ..emails.models import Email
from ..errors import Refusal
from ..memberships import portal_settings
from ..payments import connect, premises
from ..payments.endpoints import EndpointSnapshot
from ..payments.gateway import Gateway
from ..payments.intents import carry_out
from ..payments.models import Intent, WebhookEvent
from ..payments.stripe_gateway.notices import name_of, usable
from ..payments.webhook_events import WANTED
from ..signs import Sign
from . import endpoints, stripe_look
from .address import webhook_url
from .endpoints import MADE
from .lights import receipts

PURPOSE = "webhook_endpoint"
METADATA_KEY = "lms_memberships_endpoint"
AT_ONCE = timedelta(0)


class NoSuchRepair(Refusal):
    """A name that is none."""

    message = gettext_lazy("There is no such repair.")


class NothingToRepair(Refusal):
    """What it would mend is not there."""

    message = gettext_lazy("There is nothing that this repair could mend. Ask Stripe again.")


class SecretLost(Refusal):
    """Stripe made the endpoint, and the answer that told its secret got lost."""

    message = gettext_lazy(
        "Stripe made the endpoint, but its secret got lost on the way. It was switched off again; please try once more."
    )


@dataclass(frozen=True)
class Outcome:
    """What was done. ``secret`` is shown once, and stored nowhere."""

    message: str
    secret: str = field(default="", repr=False)


def repair(name: str) -> Outcome:
    """Do it. Raises a Refusal or an OutsideFailure with a sentence for whoever asked."""
    try:
        work = REPAIRS[name]
    except KeyError:
        raise NoSuchRepair from None
    return work()


def _new_endpoint() -> Outcome:
    gateway = connect.get_gateway()
    made = _make(gateway, webhook_url())
    if not made.secret:
        gateway.disable_endpoint(made.id)
        raise SecretLost
    signs.note(
        MADE + made.id, every=AT_ONCE, details={"secret": name_of(made.secret), "at": clock.wall_time().isoformat()}
    )
    stripe_look.ask()
    return Outcome(
        _(
            "Stripe calls this site at a new endpoint. Put its secret first into LMS_MEMBERSHIPS_STRIPE_WEBHOOK_SECRETS, "
            "restart the site, and come back to switch the old one off. Until then events may wait; none is lost."
        ),
        made.secret,
    )


def _make(gateway: Gateway, url: str) -> EndpointSnapshot:
    # Each one that was made is followed by another; one whose answer got lost is looked for first.
    rounds = Intent.objects.filter(
        purpose=PURPOSE, account=gateway.account_id, livemode=gateway.livemode, state=Intent.State.CONFIRMED
    ).count()
    subject = f"{hashlib.sha256(url.encode()).hexdigest()[:16]}:{rounds + 1}"
    metadata = {METADATA_KEY: subject}
    return carry_out(
        purpose=PURPOSE,
        subject=subject,
        parameters={"url": url, "events": list(WANTED)},
        gateway=gateway,
        call=lambda key: gateway.create_endpoint(url=url, events=WANTED, metadata=metadata, key=key),
        result_id=lambda made: made.id,
        find=lambda: gateway.find_endpoint(metadata=metadata),
    )


def _enable_endpoint() -> Outcome:
    gateway = connect.get_gateway()
    ours = endpoints.ours(gateway.list_endpoints(), webhook_url())
    if not ours or any(each.is_enabled for each in ours):
        raise NothingToRepair
    # The newest first: Stripe lists them so.
    gateway.enable_endpoint(ours[0].id)
    stripe_look.ask()
    return Outcome(_("The endpoint is switched on: Stripe sends what waits within the next hours."))


def _choose_events() -> Outcome:
    gateway = connect.get_gateway()
    for each in endpoints.ours(gateway.list_endpoints(), webhook_url()):
        if each.is_enabled and "*" not in each.events:
            gateway.choose_events(each.id, sorted({*each.events, *WANTED}))
    stripe_look.ask()
    return Outcome(_("Stripe tells of all events that are needed."))


def _retire_endpoints() -> Outcome:
    gateway = connect.get_gateway()
    enabled = [each for each in endpoints.ours(gateway.list_endpoints(), webhook_url()) if each.is_enabled]
    noted = {sign.name: sign for sign in Sign.objects.order_by("name")}
    secrets = [name_of(secret) for secret in usable(conf.STRIPE_WEBHOOK_SECRETS or ())]
    newest = endpoints.newest_made(enabled, noted)
    if newest is None or endpoints.stage_of(enabled, noted, secrets) != "can_retire":
        raise NothingToRepair
    for each in enabled:
        if each.id != newest.id:
            gateway.disable_endpoint(each.id)
    stripe_look.ask()
    return Outcome(_("The old endpoints are switched off. Remove their secret from the settings, too."))


def _retry_dead() -> Outcome:
    now = clock.wall_time()
    count = WebhookEvent.objects.filter(state=WebhookEvent.State.DEAD).update(
        state=WebhookEvent.State.RECEIVED, attempts=0, next_try_at=now, **leases.SETTLED
    )
    count += Delivery.objects.filter(state=Delivery.State.DEAD).update(
        state=Delivery.State.OWED, attempts=0, next_try_at=now, **leases.SETTLED
    )
    count += outbox.send_again(Email.objects.filter(state=Email.State.FAILED))
    if not count:
        raise NothingToRepair
    return Outcome(_("%(count)s rows are tried again.") % {"count": count})


def _receipts_by_stripe() -> Outcome:
    signs.note(receipts.SIGN, every=AT_ONCE, details={"by_stripe": True})
    return Outcome(_("Noted: Stripe sends receipts."))


def _receipts_not_by_stripe() -> Outcome:
    signs.note(receipts.SIGN, every=AT_ONCE, details={"by_stripe": False})
    return Outcome(_("Noted: Stripe sends no receipts."))


def _mend_portal() -> Outcome:
    portal_settings.mend(gateway=connect.get_gateway())
    stripe_look.ask()
    return Outcome(_("The portal is set up as it has to be."))


def _moved() -> Outcome:
    place = premises.move_in()
    return Outcome(_("The database belongs to %(home)s now.") % {"home": place.home})


def _copy() -> Outcome:
    if not premises.keep_quiet().is_quiet:
        raise NothingToRepair
    return Outcome(_("This copy sends nothing, and raises no alarm."))


REPAIRS: dict[str, Callable[[], Outcome]] = {
    "new-endpoint": _new_endpoint,
    "enable-endpoint": _enable_endpoint,
    "choose-events": _choose_events,
    "retire-endpoints": _retire_endpoints,
    "retry-dead": _retry_dead,
    "receipts-by-stripe": _receipts_by_stripe,
    "receipts-not-by-stripe": _receipts_not_by_stripe,
    "mend-portal": _mend_portal,
    "moved": _moved,
    "copy": _copy,
}
