"""Where does a name or an address stand, and what is put in its place? Every table, one by one (K8)."""

import re
from collections.abc import Iterator

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Cast, Concat
from django.dispatch import Signal
from django.utils.translation import gettext as _
from wagtail.models import ModelLogEntry, PageLogEntry

from .. import conf
from ..access.models import Delivery
from ..announcements.models import Announcement
from ..emails.catalogue import TO_GUESTS, EmailKind
from ..emails.models import Email, MailNews
from ..memberships.invitation_models import InvitationLink
from ..payments.customers import EMAIL_PURPOSE, email_of, full_name_of
from ..payments.models import Customer, Intent, WebhookEvent
from ..signs import Sign
from ..subscriptions.deed_models import Deed
from ..subscriptions.departure_models import Departure
from ..subscriptions.export_models import PeopleExport
from ..subscriptions.gift_models import Gift
from ..subscriptions.guest_models import GuestPurchase
from ..subscriptions.models import Checkout, Invoice, Subscription
from ..subscriptions.money_back_models import Refund
from ..subscriptions.people_job_models import PeopleJob, PeopleJobEntry
from ..subscriptions.price_move_models import PriceMoveEntry
from ..subscriptions.sync_models import SyncRun
from ..subscriptions.waiting_models import TrialTaken, WaitingEntry
from . import tombstone
from .models import Erasure

#: Sent in the transaction, with ``user_id`` and ``identifiers`` (address and full name): a site empties its own tables.
forgotten = Signal()

GONE = "[erased]"
#: Tables of ours in whose free texts an address may have slipped: messages of failures, notes, what was repaired.
FREE_TEXTS: tuple[type[models.Model], ...] = (
    WebhookEvent,
    Intent,
    Email,
    MailNews,
    Delivery,
    Announcement,
    SyncRun,
    Sign,
    Erasure,
    TrialTaken,
    PriceMoveEntry,
    PeopleJob,
    PeopleJobEntry,
    # The address that one is bound to, and notes. What is bound to nobody's address any more lets nobody in.
    InvitationLink,
    Gift,
    # Why it was given back, in the words of whoever did it.
    Refund,
    # Why staff did something for somebody: whoever wrote it may have named them.
    Deed,
    ModelLogEntry,
    PageLogEntry,
)
#: Settled: nothing looks at their parameters any more.
SETTLED = (Intent.State.CONFIRMED, Intent.State.REFUSED)


def forget(user_id: int) -> dict[str, object]:
    """Take name and address out of every table. Inside the caller's transaction. Returns what was kept and why."""
    user = get_user_model()._base_manager.get(pk=user_id)
    identifiers = identifiers_of(user)
    subscriptions = list(Subscription.objects.filter(user_id=user_id))
    erased: dict[str, int | list[str]] = {
        "emails": _forget_emails(user_id, identifiers),
        "intents": _forget_intents(user_id, subscriptions),
        "history": _forget_history(user, subscriptions),
        "gifts": _forget_gifts(user_id, identifiers),
    }
    for model in FREE_TEXTS:
        count = sum(_sweep(model, identifier) for identifier in identifiers)
        if count:
            erased[f"texts in {model._meta.model_name}"] = count
    erased["bought as a guest"] = _forget_guest(user_id)
    # Why they left stays, in a word that anybody could have chosen; what they wrote goes.
    erased["comments"] = Departure.objects.filter(subscription__user_id=user_id).exclude(comment="").update(comment="")
    erased["checkouts"] = Checkout.objects.filter(user_id=user_id).exclude(url="").update(url="")
    WaitingEntry.objects.filter(user_id=user_id).delete()
    # A list of people holds everybody, and lives for a day: whoever still needs one asks again.
    PeopleExport.objects.all().delete()
    # That a trial was had stays, without saying whose: the mailbox is a keyed hash (X12).
    TrialTaken.objects.filter(user_id=user_id).update(user=None)
    erased["user"] = tombstone.erase_user(user)
    forgotten.send(sender=Erasure, user_id=user_id, identifiers=identifiers)
    return {"erased": erased, "kept": what_is_kept(user_id)}


def identifiers_of(user: AbstractBaseUser) -> list[str]:
    """The words by which a text names this person and nobody else: the address, and the full name."""
    names = [email_of(user), full_name_of(user), str(user.get_username())]
    # "Ada" alone, or a user name such as "student", is anybody's word.
    return sorted({name.strip() for name in names if "@" in name or " " in name.strip()}, key=len, reverse=True)


def _forget_emails(user_id: int, identifiers: list[str]) -> int:
    """Mails to them, and to others about them: the fact and its date stay, the words go, and none is sent any more."""
    mine = Email.objects.filter(Q(user_id=user_id) | Q(subscription__user_id=user_id) | Q(invoice__user_id=user_id))
    for identifier in identifiers:
        # One of the site's staff was written to about others: those mails are about others still.
        about_others = Email.objects.filter(key__icontains=identifier).exclude(pk__in=mine.values("pk"))
        about_others.update(key=Concat(Value("erased:"), Cast("pk", models.CharField())))
    waiting = mine.filter(state__in=[Email.State.OWED, Email.State.UNKNOWN, Email.State.FAILED])
    waiting.update(state=Email.State.DROPPED, leased_until=None)
    count = 0
    for email in mine.only("pk", "user_id", "recipient").iterator():
        Email.objects.filter(pk=email.pk).update(
            key=f"erased:{email.pk}", recipient="", subject="", context={}, failure="", service_id=""
        )
        count += 1
    return count


def _forget_guest(user_id: int) -> int:
    """The address under which they bought, which may be another than the account's, and the mails to it."""
    mine = GuestPurchase.objects.filter(claimed_by_id=user_id).exclude(email="")
    for email in set(mine.values_list("email", flat=True)):
        # Of another purchase, they may have withdrawn without an account.
        of_guests = Q(kind__in=TO_GUESTS) | Q(kind=EmailKind.WITHDRAWN, user=None)
        mails = Email.objects.filter(of_guests, recipient__iexact=email)
        # What else waits for that mailbox is nobody's yet, and its link is still on the way.
        mails = mails.exclude(state__in=[Email.State.OWED, Email.State.UNKNOWN])
        mails.update(recipient="", subject="", context={}, failure="", service_id="")
    return mine.update(email="", mailbox="", token_hash="")


def _forget_intents(user_id: int, subscriptions: list[Subscription]) -> int:
    """Their subjects hold a digest of the address; their parameters what was asked for."""
    count = 0
    for intent in Intent.objects.filter(
        purpose__in=["customer", EMAIL_PURPOSE], subject__startswith=f"{user_id}:"
    ).iterator():
        intent.subject, intent.idempotency_key = f"{user_id}:{GONE}", f"lmsm:erased:{intent.pk}"
        intent.parameters, intent.failure, intent.next_look_at = {}, "", None
        intent.save()
        count += 1
    attempts = Checkout.objects.filter(user_id=user_id).values_list("uuid", flat=True)
    gifts = Gift.objects.filter(giver_id=user_id).values_list("uuid", flat=True)
    about = [*map(str, attempts), *map(str, gifts), *(row.stripe_id for row in subscriptions if row.stripe_id)]
    settled = Intent.objects.filter(subject__in=about, state__in=SETTLED)
    return count + settled.update(parameters={}, failure="")


def _forget_gifts(user_id: int, identifiers: list[str]) -> int:
    """Those that they gave: their words go, and where it went, unless it still has to go there; the gift stays a gift.
    Those that they redeemed, or that are to be mailed to them: all that was said of them.
    """
    given = Gift.objects.filter(giver_id=user_id)
    count = given.update(from_name="", message="", url="")
    given.exclude(state__in=[Gift.State.PENDING, Gift.State.PAID]).update(recipient_name="", recipient_email="")
    received = Gift.objects.filter(user_id=user_id)
    for identifier in identifiers:
        # Whoever gave it hands it over, if they still can.
        received = received | Gift.objects.filter(recipient_email__iexact=identifier)
    return count + received.update(recipient_name="", recipient_email="", message="", from_name="")


def _forget_history(user: AbstractBaseUser, subscriptions: list[Subscription]) -> int:
    """What we wrote into Wagtail's history about them, and what the admin wrote about their account."""
    name = tombstone.name_of(user.pk)
    count = 0
    ids = [row.stripe_id for row in subscriptions if row.stripe_id]
    given_back = Refund.objects.filter(Q(subscription__user_id=user.pk) | Q(invoice__user_id=user.pk))
    # The lines of refunds name only the refund, if it is of a payment that no subscription has.
    mine = Q(data__subscription__in=ids) | Q(data__refund__in=list(given_back.values_list("pk", flat=True)))
    for entry in ModelLogEntry.objects.filter(mine, action__startswith="lms_memberships."):
        entry.data = {**entry.data, "student": name}
        entry.save(update_fields=["data"])
        count += 1
    kind = ContentType.objects.get_for_model(user)
    about = ModelLogEntry.objects.filter(content_type=kind, object_id=str(user.pk))
    return count + about.update(label=name, data={})


def _sweep(model: type[models.Model], identifier: str) -> int:
    """Put a word in place of the identifier, in whatever capitals, in all texts of the table. Returns the rows."""
    fields = [each for each in model._meta.concrete_fields if _is_text(each)]
    found = Q()
    rows = model._default_manager.all()
    for field in fields:
        rows = rows.alias(**{f"text_of_{field.name}": Cast(field.name, models.TextField())})
        for spelling in _spellings(field, identifier):
            found |= Q(**{f"text_of_{field.name}__icontains": spelling})
    count = 0
    pattern = re.compile(re.escape(identifier), re.IGNORECASE)
    for row in rows.filter(found).order_by("pk"):
        values = {field.attname: _without(getattr(row, field.attname), pattern) for field in fields}
        model._default_manager.filter(pk=row.pk).update(**values)
        count += 1
    return count


def _is_text(field: models.Field) -> bool:
    # A unique key is made of our own ids; those of mails are replaced as a whole.
    return isinstance(field, models.CharField | models.TextField | models.JSONField) and not field.unique


def _spellings(field: models.Field, identifier: str) -> Iterator[str]:
    yield identifier
    if isinstance(field, models.JSONField) and not identifier.isascii():
        # JSON may hold letters beyond ASCII as escapes.
        yield identifier.encode("unicode_escape").decode()


def _without(value: object, pattern: re.Pattern) -> object:
    if isinstance(value, str):
        return pattern.sub(GONE, value)
    if isinstance(value, list):
        return [_without(each, pattern) for each in value]
    if isinstance(value, dict):
        return {key: _without(each, pattern) for key, each in value.items()}
    return value


def what_is_kept(user_id: int) -> list[dict[str, object]]:
    """What stays, how much of it, until when, and why."""
    years = conf.KEEP_INVOICES_YEARS
    rows = [
        ("invoices", Invoice.objects.filter(user_id=user_id).count(), _("Tax law asks for the facts of a sale.")),
        ("subscriptions", Subscription.objects.filter(user_id=user_id).count(), _("They say what was invoiced.")),
        (
            "customers at Stripe",
            Customer.objects.filter(user_id=user_id).count(),
            _(
                "Stripe holds its invoices under this customer. Its data can be redacted in Stripe's dashboard "
                "once the invoices need no longer be kept."
            ),
        ),
    ]
    return [{"what": what, "rows": count, "years": years, "why": why} for what, count, why in rows if count]
