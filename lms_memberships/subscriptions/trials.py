"""Has this person had their free trial of a membership? Once each, whatever the account they come with (X12, J6)."""

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from wagtail.log_actions import log

from ..errors import Refusal
from ..history import TRIAL_ALLOWED
from ..memberships.models import Membership
from ..payments.customers import email_of, identity_of
from .models import Checkout, Subscription
from .waiting_models import TrialTaken

SALT = "lms_memberships.trials"
#: Google says that it ignores dots in these, and that both names are one: https://support.google.com/mail/answer/7436150
DOTS_MEAN_NOTHING = frozenset({"gmail.com", "googlemail.com"})


class OfferHasChanged(Refusal):
    """What the page said of a trial is not true any more."""

    message = _(
        "The free trial of this membership has been used with this e-mail address meanwhile, and nothing was charged. "
        "Please look at the offer again before you join."
    )


class ReasonMissing(Refusal):
    message = _("Please say why another free trial is allowed.")


def is_taken(user: AbstractBaseUser, membership: Membership) -> bool:
    """Whether the trial was had: by this account, by another of the same mailbox, or by one that is deleted."""
    return bool(_taken(user, [membership.pk]))


def days_for(user: AbstractBaseUser | AnonymousUser, memberships: Iterable[Membership]) -> dict[int, int]:
    """How long this person may try out each of these: once (X12). Of a stranger that is not known; they are told of it.

    A constant number of queries, and none where nobody can try anything out.
    """
    offered = {each.pk: each.trial_days for each in memberships if each.is_recurring and each.trial_days}
    if not offered or not user.is_authenticated:
        return offered
    return offered | dict.fromkeys(_taken(user, list(offered)), 0)


def _taken(user: AbstractBaseUser, memberships: list[int]) -> set[int]:
    """Of which of these the trial was had, or is being had."""
    noted = TrialTaken.objects.filter(membership__in=memberships, forgiven_at=None)
    noted = noted.filter(Q(user_id=user.pk) | Q(mailbox__in=_every_hash(mailbox_of(user))))
    taken = set(noted.values_list("membership", flat=True))
    unnoted = _before_they_were_noted().filter(user_id=user.pk, membership__in=memberships)
    taken |= set(unnoted.order_by().values_list("membership", flat=True))
    return taken | _being_taken(user, memberships)


def lock_offer(draft: Checkout) -> None:
    """Raise OfferHasChanged where the promised trial has gone meanwhile; of two accounts of one mailbox one is first.

    Inside the transaction that plans the purchase. The membership's row is the lock: one account's own would not keep
    the other out.
    """
    if not draft.trial_days:
        return
    list(Membership._base_manager.select_for_update(no_key=True).filter(pk=draft.membership_id).values_list("pk"))
    if is_taken(draft.user, draft.membership):
        raise OfferHasChanged


def note_taken(subscription: Subscription) -> None:
    """It has begun. In the transaction that says so; a second of the same mailbox changes nothing."""
    if subscription.trial_end is None:
        return
    TrialTaken.objects.bulk_create([_row(subscription)], ignore_conflicts=True)


def note_old_ones() -> int:
    """Those that began before trials were noted: then staff can allow them again, and a deleted account still counts."""
    noted = 0
    for subscription in _before_they_were_noted().select_related("user").order_by("pk").iterator():
        note_taken(subscription)
        noted += 1
    return noted


def allow_again(trial: TrialTaken, *, by: AbstractBaseUser, reason: str, now: datetime) -> None:
    """Somebody of the staff lets this person try once more, and says why."""
    if not reason.strip():
        raise ReasonMissing
    with transaction.atomic():
        row = TrialTaken.objects.select_for_update(of=("self",)).select_related("membership").get(pk=trial.pk)
        if row.forgiven_at is not None:
            return
        row.forgiven_at, row.reason = now, reason.strip()
        row.forgiven_by_id = by.pk
        row.save(update_fields=["forgiven_at", "forgiven_by", "reason"])
        # The reason, and not who: the history outlives accounts.
        log(instance=row.membership, action=TRIAL_ALLOWED, user=by, data={"trial": row.pk, "reason": row.reason})


def mailbox_of(user: AbstractBaseUser) -> str:
    """Where mail to this person ends up: without a +tag, and without Google's dots."""
    email = identity_of(email_of(user))
    local, at, domain = email.rpartition("@")
    if not at:
        # Somebody without an address has a mailbox of their own, not one with all the others.
        return f"person:{user.pk}"
    local = local.partition("+")[0] or local
    if domain in DOTS_MEAN_NOTHING:
        local, domain = local.replace(".", ""), "gmail.com"
    return f"{local}@{domain}"


def hash_of(mailbox: str, *, key: str | bytes | None = None) -> str:
    """Keyed: whoever reads the table cannot try out addresses, and we can still compare (J6)."""
    secret = settings.SECRET_KEY if key is None else key
    return salted_hmac(SALT, mailbox, secret=secret, algorithm="sha256").hexdigest()


def _every_hash(mailbox: str) -> list[str]:
    """Also under the keys that the site had before."""
    return [hash_of(mailbox, key=key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


def _before_they_were_noted() -> QuerySet[Subscription]:
    mine = TrialTaken.objects.filter(user=OuterRef("user"), membership=OuterRef("membership"))
    return Subscription.objects.filter(trial_end__isnull=False, opened_at__isnull=False).exclude(Exists(mine))


def _being_taken(user: AbstractBaseUser, memberships: list[int]) -> set[int]:
    """For which of these another account of the same mailbox stands before a page with a trial."""
    mailbox = mailbox_of(user)
    local, _at, domain = mailbox.rpartition("@")
    running = Checkout.objects.running().filter(membership__in=memberships, trial_days__gt=0).exclude(user_id=user.pk)
    # Few are left by the first letter; what their mailbox is no database can say.
    address = f"user__{get_user_model().get_email_field_name()}__istartswith"
    running = running.filter(**{address: local[:1]}) if domain else running.none()
    return {each.membership_id for each in running.select_related("user") if mailbox_of(each.user) == mailbox}


def _row(subscription: Subscription) -> TrialTaken:
    return TrialTaken(
        membership_id=subscription.membership_id,
        user_id=subscription.user_id,
        mailbox=hash_of(mailbox_of(subscription.user)),
        taken_at=subscription.opened_at or subscription.started_at,
    )
