"""What do we hold about somebody? All of it, as plain data that can be handed over (K8)."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q
from wagtail.models import ModelLogEntry

from ..access.models import Delivery
from ..emails.models import Email
from ..memberships.invitation_models import InvitationLink
from ..payments.customers import EMAIL_PURPOSE, email_of
from ..payments.models import Customer, Intent
from ..subscriptions.change_models import TierChange
from ..subscriptions.deed_models import Deed
from ..subscriptions.departure_models import Departure, StayOffer
from ..subscriptions.gift_models import Gift
from ..subscriptions.guest_models import GuestPurchase
from ..subscriptions.invitation_models import InvitationUse
from ..subscriptions.models import Checkout, Invoice, Subscription
from ..subscriptions.money_back_models import Dispute, Refund
from ..subscriptions.people_job_models import PeopleJobEntry
from ..subscriptions.price_move_models import PriceMoveEntry
from ..subscriptions.waiting_models import TrialTaken, WaitingEntry
from ..subscriptions.withdrawal_models import Withdrawal
from .models import Erasure

#: What is not handed over: secrets, and the machinery's own marks.
WITHHELD = frozenset(
    {
        "password",
        "lease_token",
        "leased_until",
        "read_started_at",
        "idempotency_key",
        "token_hash",
        "nonce",
        "token",
        "author",
    }
)


#: Intents whose subjects begin with the person's number.
ABOUT_ONE = ("customer", EMAIL_PURPOSE)


def export_person(user: AbstractBaseUser) -> dict[str, Any]:
    """Everything, by table; nothing of anybody else."""
    subscriptions = Subscription.objects.filter(user_id=user.pk).order_by("pk")
    checkouts = Checkout.objects.filter(user_id=user.pk).order_by("pk")
    tables: Mapping[str, models.QuerySet] = {
        "customers": Customer.objects.filter(user_id=user.pk),
        "subscriptions": subscriptions,
        "checkouts": checkouts,
        # Bought before they had this account, and claimed with it. What waits under their address is nobody's yet.
        "bought_as_a_guest": GuestPurchase.objects.filter(claimed_by_id=user.pk),
        "invoices": Invoice.objects.filter(user_id=user.pk),
        "refunds": Refund.objects.filter(subscription__user_id=user.pk),
        "disputes": Dispute.objects.filter(subscription__user_id=user.pk),
        # Those to others about them are these people's mails; that they were written is part of the history.
        "emails": Email.objects.filter(user_id=user.pk),
        "deliveries": Delivery.objects.filter(subscription__user_id=user.pk),
        "requests_to_stripe": _intents(user, subscriptions, checkouts),
        "history": _history(user, subscriptions),
        "cancellations": Departure.objects.filter(subscription__user_id=user.pk),
        "offers_to_stay": StayOffer.objects.filter(subscription__user_id=user.pk),
        "withdrawals": Withdrawal.objects.filter(
            Q(subscription__user_id=user.pk) | Q(gift__giver_id=user.pk, subscription=None)
        ),
        "tier_changes": TierChange.objects.filter(user_id=user.pk),
        "price_changes": PriceMoveEntry.objects.filter(subscription__user_id=user.pk),
        "done_for_many": PeopleJobEntry.objects.filter(user_id=user.pk),
        "gifts_given": Gift.objects.filter(giver_id=user.pk),
        "gifts_received": Gift.objects.filter(user_id=user.pk),
        "waiting_lists": WaitingEntry.objects.filter(user_id=user.pk),
        "invitation_uses": InvitationUse.objects.filter(user_id=user.pk),
        # Without an address nobody was meant: most invitations have none either.
        "invitations": InvitationLink.objects.filter(email__iexact=email_of(user)).exclude(email=""),
        "trials": TrialTaken.objects.filter(user_id=user.pk),
        # Who did it is another person; why, and what came of it, is about this one.
        "done_by_staff": Deed.objects.filter(user_id=user.pk),
        "erasure": Erasure.objects.filter(user_id=user.pk),
    }
    return {"person": _row(user), **{name: [_row(row) for row in rows.order_by("pk")] for name, rows in tables.items()}}


def _intents(user: AbstractBaseUser, subscriptions: models.QuerySet, checkouts: models.QuerySet) -> models.QuerySet:
    ids = [*subscriptions.exclude(stripe_id="").values_list("stripe_id", flat=True)]
    ids += [str(uuid) for uuid in checkouts.values_list("uuid", flat=True)]
    given = Gift.objects.filter(giver_id=user.pk)
    ids += [*map(str, given.values_list("uuid", flat=True)), *given.values_list("payment_intent_id", flat=True)]
    ids = [each for each in ids if each]
    return Intent.objects.filter(Q(purpose__in=ABOUT_ONE, subject__startswith=f"{user.pk}:") | Q(subject__in=ids))


def _history(user: AbstractBaseUser, subscriptions: models.QuerySet) -> models.QuerySet:
    ids = list(subscriptions.exclude(stripe_id="").values_list("stripe_id", flat=True))
    about_us = Q(action__startswith="lms_memberships.", data__subscription__in=ids)
    about_account = Q(content_type=ContentType.objects.get_for_model(user), object_id=str(user.pk))
    return ModelLogEntry.objects.filter(about_us | about_account)


def _row(row: models.Model) -> dict[str, object]:
    return {
        field.attname: field.value_from_object(row) for field in row._meta.concrete_fields if field.name not in WITHHELD
    }
