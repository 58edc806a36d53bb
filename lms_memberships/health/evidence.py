"""What is known of the running site? Gathered once, in a number of queries that never grows, for all lights."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Min, Q, QuerySet

from .. import clock, conf, outgoing
from ..access.models import Delivery
from ..announcements.models import Announcement
from ..emails.catalogue import EmailKind
from ..emails.models import Email, EmailSwitch
from ..memberships import portal_settings
from ..payments import connect, premises
from ..payments.models import Account, Intent, PortalConfiguration, WebhookEvent
from ..payments.premises import Premises
from ..payments.stripe_gateway.notices import name_of, usable
from ..personal_data.models import Erasure
from ..signs import Sign
from ..subscriptions import promised
from ..subscriptions.guest_models import GuestPurchase
from ..subscriptions.models import Subscription
from ..subscriptions.promised import Promise
from ..subscriptions.queries import BILLED, UNKNOWN_PRICE
from ..subscriptions.sync_models import SyncRun
from . import stripe_look
from .address import webhook_url
from .stripe_look import Look

#: A mail that failed longer ago than this was dealt with, or never will be.
FAILED_MAIL_IS_NEWS_FOR = timedelta(days=7)
#: A write at Stripe whose answer is still open after this time needs somebody's eyes.
INTENT_IS_OPEN_AFTER = timedelta(hours=1)
#: Whoever paid without an account, and has not come after this time, may never have had the mail.
UNCLAIMED_IS_LONG_AFTER = timedelta(days=7)
#: So many subscriptions are named, not all that there may be.
NAMED = 5
#: Statuses of memberships that somebody counts on.
RUNNING = ("trialing", "active", "past_due")


@dataclass(frozen=True)
class Waiting:
    """Rows of one kind that wait for a worker, and those that were given up."""

    due: int
    oldest_due_at: datetime | None
    dead: int = 0


@dataclass(frozen=True)
class Evidence:
    now: datetime
    key: str
    account: Account | None
    look: Look | None
    signs: dict[str, Sign]
    premises: Premises
    webhook_url: str
    #: Names of the secrets, in the order of the setting.
    secrets: tuple[str, ...]
    events: Waiting
    emails: Waiting
    uncertain_emails: int
    deliveries: Waiting
    announcements: Waiting
    open_intents: int
    #: Those who wait to be forgotten, and what the oldest failed for.
    erasures: Waiting
    erasure_failure: str
    #: What was promised to people, and Stripe has not confirmed.
    promises: dict[Promise, promised.Waiting]
    #: The first of those that are billed in a membership's name at a price of something else (S9); one too many is "more".
    foreign_ids: tuple[str, ...]
    #: Opened before, and billed since at a price that is none of theirs (G12).
    unmapped_ids: tuple[str, ...]
    sync: SyncRun | None
    #: How the portal of the account is kept, if it was needed already.
    portal: PortalConfiguration | None
    #: Memberships that run in the mode that the key is not of.
    running_in_other_mode: int
    has_subscriptions: bool
    is_receipt_on: bool
    #: Without the mail that leads guests in, nothing is sold to them.
    is_guest_mail_on: bool
    #: Paid for by guests long ago, and claimed by nobody.
    unclaimed: int
    mail_backend: str
    task_backend: str
    is_debug: bool

    def seen_at(self, *names: str) -> datetime | None:
        """When any of these was seen last."""
        moments = [sign.seen_at for name in names if (sign := self.signs.get(name)) and sign.seen_at]
        return max(moments, default=None)

    def is_recent(self, name: str, span: timedelta) -> bool:
        """Whether it was seen within this time."""
        at = self.seen_at(name)
        return at is not None and self.now - at <= span

    def under(self, prefix: str) -> dict[str, Sign]:
        """The signs whose names begin so, by the rest of their names."""
        return {name.removeprefix(prefix): sign for name, sign in self.signs.items() if name.startswith(prefix)}

    @property
    def oldest_work_at(self) -> datetime | None:
        """Since when the longest waiting work waits."""
        kinds = (self.events, self.emails, self.deliveries, self.announcements)
        return min((kind.oldest_due_at for kind in kinds if kind.oldest_due_at is not None), default=None)


def gather(*, now: datetime) -> Evidence:
    """``now`` is wall time. Stripe is not asked."""
    signs = {sign.name: sign for sign in Sign.objects.order_by("name")}
    key = connect.configured_key()
    emails = _emails(now)
    running = _running(key)
    account = connect.stored_account()
    waiting = Erasure.objects.filter(state=Erasure.State.PENDING)
    return Evidence(
        now=now,
        key=key,
        account=account,
        look=stripe_look.read(signs.get(stripe_look.SIGN)),
        signs=signs,
        premises=premises.judge(signs.get(premises.SIGN)),
        webhook_url=webhook_url(),
        secrets=tuple(name_of(secret) for secret in usable(conf.STRIPE_WEBHOOK_SECRETS or ())),
        events=_events(now),
        emails=Waiting(emails["due"], emails["oldest"], emails["dead"]),
        uncertain_emails=emails["uncertain"],
        deliveries=_deliveries(now),
        announcements=_announcements(),
        open_intents=_open_intents(now),
        erasures=Waiting(**waiting.aggregate(due=Count("pk"), oldest_due_at=Min("requested_at"))),
        promises=promised.unconfirmed(),
        erasure_failure=waiting.order_by("requested_at").values_list("failure", flat=True).first() or "",
        foreign_ids=tuple(_foreign(opened_at=None).values_list("stripe_id", flat=True)[: NAMED + 1]),
        unmapped_ids=tuple(_foreign(opened_at__isnull=False).values_list("stripe_id", flat=True)[: NAMED + 1]),
        portal=_portal(account),
        sync=SyncRun.objects.order_by("-started_at", "-pk").first(),
        running_in_other_mode=running["strange"] if key else 0,
        has_subscriptions=bool(running["all"]),
        is_receipt_on=EmailSwitch.objects.filter(kind=EmailKind.PAYMENT_SUCCEEDED, is_on=True).exists(),
        is_guest_mail_on=EmailSwitch.objects.filter(kind=EmailKind.GUEST_CLAIM, is_on=True).exists(),
        unclaimed=_unclaimed(),
        mail_backend=outgoing.backend(),
        task_backend=task_backend(),
        is_debug=settings.DEBUG,
    )


def task_backend() -> str:
    """The dotted path of whatever runs tasks."""
    tasks = getattr(settings, "TASKS", {})
    # Without the setting, django_tasks runs at once.
    return str(tasks.get("default", {}).get("BACKEND", "django_tasks.backends.immediate.ImmediateBackend"))


def _running(key: str) -> dict[str, int]:
    """Of all subscriptions, and of those that run in the mode that the key is not of."""
    is_strange = ~Q(livemode=connect.livemode_of(key)) & Q(status__in=RUNNING)
    return Subscription.objects.aggregate(all=Count("pk"), strange=Count("pk", filter=is_strange))


def _events(now: datetime) -> Waiting:
    due, dead = Q(state="received", next_try_at__lte=now), Q(state="dead")
    rows = WebhookEvent.objects.filter(due | dead)
    return Waiting(
        **rows.aggregate(
            due=Count("pk", filter=due), oldest_due_at=Min("next_try_at", filter=due), dead=Count("pk", filter=dead)
        )
    )


def _emails(now: datetime) -> dict[str, Any]:
    state = Email.State
    due = Q(state=state.OWED, next_try_at__lte=now)
    dead = Q(state=state.FAILED, owed_at__gte=now - FAILED_MAIL_IS_NEWS_FOR)
    uncertain = Q(state=state.UNKNOWN) & (Q(leased_until=None) | Q(leased_until__lt=now))
    return Email.objects.filter(due | dead | uncertain).aggregate(
        due=Count("pk", filter=due),
        oldest=Min("next_try_at", filter=due),
        dead=Count("pk", filter=dead),
        uncertain=Count("pk", filter=uncertain),
    )


def _deliveries(now: datetime) -> Waiting:
    due, dead = Q(state="owed", next_try_at__lte=now), Q(state="dead")
    rows = Delivery.objects.filter(due | dead)
    return Waiting(
        **rows.aggregate(
            due=Count("pk", filter=due), oldest_due_at=Min("next_try_at", filter=due), dead=Count("pk", filter=dead)
        )
    )


def _announcements() -> Waiting:
    rows = Announcement.objects.filter(state="owed")
    return Waiting(**rows.aggregate(due=Count("pk"), oldest_due_at=Min("owed_at")))


def _portal(account: Account | None) -> PortalConfiguration | None:
    return None if account is None else portal_settings.stored(account.stripe_id, livemode=account.livemode)


def _unclaimed() -> int:
    # Purchases have the domain's dates.
    before = clock.now() - UNCLAIMED_IS_LONG_AFTER  # noqa: TID251
    return GuestPurchase.objects.unclaimed().filter(paid_at__lt=before).count()


def _foreign(**opened: object) -> "QuerySet[Subscription]":
    return Subscription.objects.filter(flag=UNKNOWN_PRICE, status__in=BILLED, **opened).order_by("pk")


def _open_intents(now: datetime) -> int:
    states = (Intent.State.SENT, Intent.State.UNKNOWN)
    return Intent.objects.filter(state__in=states, created_at__lt=now - INTENT_IS_OPEN_AFTER).count()
