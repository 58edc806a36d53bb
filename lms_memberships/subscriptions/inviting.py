"""May this invitation be used once more? Those who came by it and those who stand before a page are counted (S22).

For what is paid, the attempt to buy is the reservation: it holds one use while its page is open, and comes back by the
attempt's end alone. Lock order: person, Checkout, Subscription, Invoice, and last the limits: the membership's places,
the promotion code, the invitation.
"""

from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import models, transaction
from django.db.models import Count, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from ..memberships import invitations
from ..memberships.invitation_models import InvitationLink
from ..memberships.invitations import InvitationRefused
from ..retrying import retried
from . import codes, giving, holding, people
from .invitation_models import InvitationUse
from .models import Checkout, Subscription
from .queries import NO_PLACE, RUNNING, CheckoutQuerySet


class UsedUp(InvitationRefused):
    message = _("This invitation has been used already. Please ask whoever sent it to you for a new one.")


class BeingUsed(InvitationRefused):
    """Somebody stands before the payment page with it: whoever leaves gives it back."""

    message = _(
        "Somebody is just paying with this invitation. If they do not finish, it can be used again within the hour."
    )


class UsedByYou(InvitationRefused):
    """Free access that ended is not begun again by the same link."""

    message = _("You have used this invitation already.")


def refuse(link: InvitationLink, user_id: int | None, *, now: datetime) -> None:
    """Raise Revoked, Expired, UsedUp, BeingUsed or UsedByYou. ``user_id`` None: whoever comes."""
    invitations.refuse_what_is_over(link, now=now)
    if link.is_free and user_id is not None and InvitationUse.objects.filter(invitation=link, user_id=user_id).exists():
        raise UsedByYou
    if link.max_uses is None:
        return
    used = _given(link) + _bought(link).count()
    if used >= link.max_uses:
        raise UsedUp
    # One's own page is no obstacle: the attempt goes on, or another takes its place.
    # Whoever only looks, and may be the one who stands there, is told when they press.
    if (
        user_id is not None
        and used + _standing_before_a_page(link, now).exclude(user_id=user_id).count() >= link.max_uses
    ):
        raise BeingUsed


def bring(draft: Checkout, link: InvitationLink | None, *, now: datetime) -> None:
    """This attempt comes by an invitation: refused before anything is asked of Stripe."""
    if link is not None:
        refuse(link, draft.user_id, now=now)
        draft.invitation = link


def reserve(attempt: Checkout, *, now: datetime) -> None:
    """Raise a refusal if others hold the last uses. Inside the transaction that saves the attempt, which is then the
    reservation.
    """
    if attempt.invitation_id is None:
        return
    link = _locked(attempt.invitation_id)
    refuse(link, attempt.user_id, now=now)
    if link.is_limited:
        until = (attempt.created_at + codes.HELD_FOR).replace(microsecond=0)
        attempt.expires_at = min(attempt.expires_at or until, until)


@retried
def accept(user: AbstractBaseUser, link: InvitationLink, *, language: str, now: datetime) -> Subscription:
    """Let somebody in free. Raises AlreadyMember, RequiresAnother, places.Full or why the invitation does not hold."""
    if not link.is_free:
        msg = f"{link!r} is paid for"
        raise ValueError(msg)
    with transaction.atomic():
        people.lock_person(user.pk)
        holding.refuse_a_second(user, link.membership, now=now)
        holding.refuse_without_required(user, link.membership, now=now)
        until = link.free_until(now)
        subscription = giving.give(user, link.membership, until=until, language=language, now=now)
        # The last lock: what was given goes back with the transaction if the invitation does not hold.
        refuse(_locked(link.pk), user.pk, now=now)
        InvitationUse.objects.create(invitation=link, user_id=user.pk, subscription=subscription, used_at=now)
    return subscription


def buyers(link: InvitationLink) -> CheckoutQuerySet:
    """The purchases that came by it, the newest first."""
    return _bought(link).select_related("user", "subscription").order_by("-created_at", "-pk")


def guests(link: InvitationLink) -> models.QuerySet[InvitationUse]:
    """Who came in free, the newest first."""
    return InvitationUse.objects.filter(invitation=link).select_related("user", "subscription")


def with_uses(links: models.QuerySet[InvitationLink]) -> models.QuerySet[InvitationLink]:
    """Each with ``used``: how many came by it. Counted by the database, for a whole list at once."""
    bought = _counted(_that_brought_somebody(Checkout.objects.all()))
    given = _counted(InvitationUse.objects.all())
    return links.annotate(used=Coalesce(bought, 0) + Coalesce(given, 0))


def in_state(links: models.QuerySet[InvitationLink], state: str, *, now: datetime) -> models.QuerySet[InvitationLink]:
    """Those that are "active", "used_up", "expired" or "revoked"; each is in one of them. Needs ``with_uses``."""
    revoked = Q(revoked_at__isnull=False)
    expired = Q(expires_at__isnull=False, expires_at__lte=now)
    used_up = Q(max_uses__isnull=False, used__gte=F("max_uses"))
    conditions = {
        "revoked": revoked,
        "used_up": used_up & ~revoked,
        "expired": expired & ~used_up & ~revoked,
        "active": ~revoked & ~used_up & ~expired,
    }
    return links.filter(conditions[state])


def _locked(pk: int) -> InvitationLink:
    # No key: rows that merely point to it can still be written meanwhile.
    return InvitationLink.objects.select_for_update(no_key=True).get(pk=pk)


def _given(link: InvitationLink) -> int:
    return InvitationUse.objects.filter(invitation=link).count() if link.is_free else 0


def _bought(link: InvitationLink) -> CheckoutQuerySet:
    return _that_brought_somebody(Checkout.objects.filter(invitation=link))


def _that_brought_somebody(attempts: CheckoutQuerySet) -> CheckoutQuerySet:
    """Complete, the money perhaps still on its way; without what was undone at once: it gave nobody anything."""
    complete = attempts.filter(state=Checkout.State.COMPLETE)
    undone = Q(subscription__flag=NO_PLACE) | Q(subscription__duplicate_of__isnull=False)
    return complete.filter(Q(subscription=None) | ~undone)


def _standing_before_a_page(link: InvitationLink, now: datetime) -> CheckoutQuerySet:
    attempts = Checkout.objects.filter(invitation=link, state__in=RUNNING)
    return attempts.exclude(expires_at__lt=now - codes.AFTER_THE_END)


def _counted(rows: models.QuerySet) -> Subquery:
    inside = rows.filter(invitation=OuterRef("pk")).order_by().values("invitation")
    return Subquery(inside.annotate(people=Count("pk")).values("people"))
