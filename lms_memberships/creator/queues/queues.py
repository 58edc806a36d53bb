"""Which queues does the admin show? Their rows, words, and what can be tried again, in one table."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from ...access import deliveries
from ...access.models import Delivery
from ...access.tasks import deliver as deliver_items
from ...emails import drop_reasons, outbox
from ...emails.catalogue import CATALOGUE
from ...emails.models import Email
from ...emails.tasks import deliver as deliver_emails
from ...payments.models import WebhookEvent
from ...payments.replaying import replay
from ..desks import names_of

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


@dataclass(frozen=True)
class Queue:
    """One listing. ``again`` begins anew with rows whose state is one of ``stuck``."""

    #: In addresses and names.
    slug: str
    model: type[WebhookEvent] | type[Email] | type[Delivery]
    title: "str | _StrPromise"
    icon: str
    #: Of whoever may press the button; the listing itself asks for "view".
    permission: str
    button: "str | _StrPromise"
    #: Said afterwards, with %(count)s.
    begun: Any
    stuck: tuple[str, ...]
    again: Callable[[QuerySet], int]
    #: The columns that search looks into.
    search: tuple[str, ...]
    related: tuple[str, ...]
    #: Newest first.
    ordering: str
    #: What the row is about, and what is wrong with it, for a person.
    about: Callable[[Any], str]
    trouble: Callable[[Any], str]


def _email_about(email: Email) -> str:
    entry = CATALOGUE.get(email.kind)  # type: ignore[call-overload]
    return str(entry.label) if entry else email.kind


def _email_trouble(email: Email) -> str:
    return str(drop_reasons.REASONS.get(email.failure, email.failure))


def _last_line(text: str) -> str:
    """Of a traceback, what happened."""
    lines = text.strip().splitlines()
    return lines[-1] if lines else ""


QUEUES: dict[str, Queue] = {
    queue.slug: queue
    for queue in (
        Queue(
            slug="webhooks",
            model=WebhookEvent,
            title=_("Webhook events"),
            icon="download",
            permission="lms_memberships.try_again_webhookevent",
            button=_("Try again"),
            begun=ngettext_lazy(
                "%(count)s webhook event begins again.", "%(count)s webhook events begin again.", "count"
            ),
            stuck=("received", "dead"),
            again=replay,
            search=("event_id", "type", "object_id", "subscription_id"),
            related=(),
            ordering="-pk",
            about=lambda event: f"{event.type} · {event.event_id}",
            trouble=lambda event: _last_line(event.error),
        ),
        Queue(
            slug="emails",
            model=Email,
            title=_("E-mails"),
            icon="mail",
            permission="lms_memberships.send_again_email",
            button=_("Send again"),
            begun=ngettext_lazy("%(count)s e-mail is sent again.", "%(count)s e-mails are sent again.", "count"),
            stuck=("owed", "unknown", "failed"),
            again=outbox.send_again,
            search=("recipient", "kind", "subject"),
            related=("membership",),
            ordering="-pk",
            about=_email_about,
            trouble=_email_trouble,
        ),
        Queue(
            slug="deliveries",
            model=Delivery,
            title=_("Deliveries"),
            icon="folder-open-inverse",
            permission="lms_memberships.try_again_delivery",
            button=_("Try again"),
            begun=ngettext_lazy("%(count)s delivery is tried again.", "%(count)s deliveries are tried again.", "count"),
            stuck=("owed", "dead"),
            again=deliveries.try_again,
            search=("item__title", *names_of("subscription__user")),
            related=("item", "subscription__user"),
            ordering="-pk",
            about=lambda delivery: delivery.item.title,
            trouble=lambda delivery: delivery.failure,
        ),
    )
}
#: Takes up what is due again, by queue. Should it not come, ``memberships_drain`` does.
WAKERS: dict[str, Callable[[], object]] = {"emails": deliver_emails.enqueue, "deliveries": deliver_items.enqueue}
