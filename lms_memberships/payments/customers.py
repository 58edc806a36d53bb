"""Who is this person at Stripe? One customer each, in each account and mode (X8)."""

import hashlib
import unicodedata
from datetime import datetime

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Q, QuerySet

from .. import clock
from .gateway import CustomerRequest, Gateway, NotFound
from .intents import LOOK_AFTER, OPEN, carry_out
from .models import Customer, Intent

#: How our customers say whose they are. The value is the person's primary key.
METADATA_KEY = "lmsm_user"
EMAIL_PURPOSE = "customer_email"


def customer_for(user: AbstractBaseUser, *, gateway: Gateway, language: str) -> str:
    """The person's customer id at Stripe: the one we know, or a new one where there is none, or it was deleted."""
    row = Customer.objects.filter(user_id=user.pk, account=gateway.account_id, livemode=gateway.livemode).first()
    if row is not None and gateway.customer_exists(row.stripe_id):
        return row.stripe_id
    stripe_id = _make(user, gateway=gateway, language=language, replaces=row.stripe_id if row else "")
    Customer.objects.update_or_create(
        user_id=user.pk, account=gateway.account_id, livemode=gateway.livemode, defaults={"stripe_id": stripe_id}
    )
    return stripe_id


def _make(user: AbstractBaseUser, *, gateway: Gateway, language: str, replaces: str) -> str:
    request = CustomerRequest(
        email=email_of(user), name=full_name_of(user), language=language, metadata={METADATA_KEY: str(user.pk)}
    )
    return carry_out(
        purpose="customer",
        subject=":".join([str(user.pk), _digest(request.email), *([replaces] if replaces else [])]),
        # Not the language or the name: a person who comes back in French is still the same customer.
        parameters={"email": _digest(request.email), "user": str(user.pk)},
        gateway=gateway,
        call=lambda key: gateway.create_customer(request, key=key),
        result_id=str,
        find=lambda: gateway.find_customer(email=request.email, metadata_key=METADATA_KEY, metadata_value=str(user.pk)),
    )


def find_made(intent: Intent, gateway: Gateway) -> str | None:
    """What came of an intent of ours, from its row: it holds no address, so the person's present one is asked."""
    user = get_user_model().objects.filter(pk=str(intent.parameters["user"])).first()
    if user is None:
        return None
    return gateway.find_customer(email=email_of(user), metadata_key=METADATA_KEY, metadata_value=str(user.pk))


def email_of(user: AbstractBaseUser) -> str:
    """The address under which this user model keeps e-mail."""
    return str(getattr(user, user.get_email_field_name(), "") or "")


def full_name_of(user: AbstractBaseUser) -> str:
    """The full name. Empty: there is none, or this user model knows of none (``AbstractBaseUser`` does not)."""
    full_name = getattr(user, "get_full_name", None)
    return str(full_name()).strip() if callable(full_name) else ""


def identity_of(email: str) -> str:
    """The address as people mean it: without stray spaces, in one Unicode form, whatever the capitals (K5)."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", email).strip().casefold())


def _digest(email: str) -> str:
    # An intent is kept for good: it holds no address.
    return hashlib.sha256(identity_of(email).encode()).hexdigest()[:16]


# ---------------------------------------------------------------- an address was changed here (K3)
def note_email(user: AbstractBaseUser, customer: tuple[str, bool, str], *, now: datetime) -> None:
    """Stripe is to be told this person's address, which they have proven. In the transaction of whoever knows that.

    ``customer`` is (account, livemode, id). What was noted last for it already says so: nothing is noted again.
    """
    account, livemode, customer_id = customer
    stem = f"{user.pk}:{customer_id}:"
    noted = Intent.objects.filter(
        purpose=EMAIL_PURPOSE, account=account, livemode=livemode, subject__startswith=stem
    ).order_by("-pk")
    latest = noted.exclude(state=Intent.State.REFUSED).first()
    subject = stem + _digest(email_of(user))
    if latest is not None and latest.subject == subject:
        return
    mode = "live" if livemode else "test"
    Intent.objects.get_or_create(
        idempotency_key=f"lmsm:{EMAIL_PURPOSE}:{subject}:{account}:{mode}:{noted.count() + 1}",
        defaults={
            "purpose": EMAIL_PURPOSE,
            "subject": subject,
            "account": account,
            "livemode": livemode,
            "parameters": {"customer": customer_id, "user": str(user.pk)},
            "created_at": now,
        },
    )


def owed_emails() -> "QuerySet[Intent]":
    """Noted, and not told yet; or sent long enough ago, and no answer came: looked up, and told again."""
    unanswered = Q(state__in=OPEN, sent_at__lt=clock.wall_time() - LOOK_AFTER)
    rows = Intent.objects.filter(Q(state=Intent.State.PLANNED) | unanswered, purpose=EMAIL_PURPOSE)
    return rows.order_by("pk")


def tell_emails(*, gateway: Gateway) -> int:
    """Tell Stripe each address that is owed. One that has changed again since is told by its own row."""
    told = 0
    for intent in owed_emails().filter(account=gateway.account_id, livemode=gateway.livemode):
        user = get_user_model().objects.filter(pk=str(intent.parameters["user"])).first()
        if user is None or not email_of(user) or not intent.subject.endswith(_digest(email_of(user))):
            Intent.objects.filter(pk=intent.pk).update(
                state=Intent.State.REFUSED, failure="changed again before it was told", next_look_at=None
            )
            continue
        _tell_email(intent, email_of(user), gateway)
        told += 1
    return told


def _tell_email(intent: Intent, email: str, gateway: Gateway) -> None:
    customer_id = str(intent.parameters["customer"])

    def tell(key: str) -> str:
        gateway.update_customer_email(customer_id, email, key=key)
        return customer_id

    try:
        carry_out(
            purpose=EMAIL_PURPOSE,
            subject=intent.subject,
            parameters=intent.parameters,
            gateway=gateway,
            call=tell,
            result_id=str,
            find=lambda: find_email(intent, gateway),
        )
    except NotFound:
        # Deleted at Stripe: there is nobody to tell. The intent says so.
        return


def find_email(intent: Intent, gateway: Gateway) -> str | None:
    """Whether Stripe has the address that this intent was about."""
    customer_id = str(intent.parameters["customer"])
    has = gateway.customer_email(customer_id)
    return customer_id if has and intent.subject.endswith(_digest(has)) else None
