"""How is an invitation link made, found and shown again? Its secret is never stored, only what recognises it (S22).

A token has 256 bits, so nobody guesses one, and what is stored to find it is its SHA-256: from that nobody gets back to
a number that large.

A link for **one person** is made of the system's own chance. It is shown once; after that only the person has it.

A link for **several people** can be copied again. It is not stored either: it is what HMAC-SHA256 makes of a random
``nonce`` in the row and the site's secret key, so whoever reads the database alone cannot make it. After the secret key
was changed, the key before is tried as long as it stands in ``SECRET_KEY_FALLBACKS``; when that is gone the link goes on
working, and can no longer be shown.
"""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy as _

from ..errors import Refusal
from ..payments.customers import identity_of
from ..retrying import retried
from . import promotions
from .invitation_models import InvitationLink
from .models import Membership, Price
from .promotion_models import PromotionCode

SALT = "lms_memberships.invitations"
TOKEN_BYTES = 32
Kind = InvitationLink.Kind


class InvitationRefused(Refusal):
    """Why it lets nobody in."""


class Expired(InvitationRefused):
    message = _("This invitation has expired. Please ask whoever sent it to you for a new one.")


class Revoked(InvitationRefused):
    message = _("This invitation was taken back. Please ask whoever sent it to you.")


class ForAnotherAddress(InvitationRefused):
    """Says which address is signed in, and never which one it is for: whoever has the link may be anybody."""

    message = _(
        "This invitation is for another e-mail address than yours. "
        "Sign in with the account of the address that it was sent to."
    )


class CodeDoesNotFit(Refusal):
    message = _("This promotion code cannot be used for this price.")


@dataclass(frozen=True)
class Draft:
    """An invitation as the creator wants it. ``form_token`` is the form's: the same form sent twice makes one."""

    form_token: UUID
    membership: Membership
    price: Price | None
    kind: str
    max_uses: int | None = None
    days: int | None = None
    last_day_of_access: date | None = None
    last_day: date | None = None
    email: str = ""
    code: PromotionCode | None = None
    note: str = ""


def make(draft: Draft, *, by: AbstractBaseUser, now: datetime) -> tuple[InvitationLink, str]:
    """The link, and its token for the one moment in which it is known. "": this form has made its link already.

    Raises CodeDoesNotFit.
    """
    if draft.code is not None and (draft.price is None or promotions.why_not(draft.code, draft.price, now=now)):
        raise CodeDoesNotFit
    is_many = draft.kind == Kind.MANY
    nonce = secrets.token_urlsafe(TOKEN_BYTES) if is_many else ""
    token = _derived(nonce, settings.SECRET_KEY) if is_many else secrets.token_urlsafe(TOKEN_BYTES)
    link, is_new = InvitationLink.objects.get_or_create(
        form_token=draft.form_token, defaults=_columns(draft, token, nonce, by, now)
    )
    return link, token if is_new else ""


def find(token: str) -> InvitationLink | None:
    """The link behind a token. Found by its hash, so the time that the look-up takes says nothing of any token."""
    wanted = hash_of(token)
    link = InvitationLink.objects.select_related("membership", "price", "promotion_code").filter(token_hash=wanted)
    found = link.first()
    return found if found is not None and constant_time_compare(found.token_hash, wanted) else None


def token_of(link: InvitationLink) -> str:
    """The token of a link for several people, made again. "": nobody can."""
    if not link.can_be_shown_again:
        return ""
    for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        token = _derived(link.nonce, key)
        if constant_time_compare(hash_of(token), link.token_hash):
            return token
    return ""


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def refuse_what_is_over(link: InvitationLink, *, now: datetime) -> None:
    """Raise Revoked or Expired."""
    if link.revoked_at is not None:
        raise Revoked
    if link.is_over(now):
        raise Expired


def refuse_another_address(link: InvitationLink, addresses: tuple[str, ...]) -> None:
    """Raise ForAnotherAddress unless one of these is the one that it is for, as people mean it (K5)."""
    if link.email and identity_of(link.email) not in {identity_of(each) for each in addresses}:
        raise ForAnotherAddress


@retried
def revoke(link: InvitationLink, *, now: datetime) -> bool:
    """Nobody can use it any more. Whether it could until now."""
    with transaction.atomic():
        return bool(InvitationLink.objects.filter(pk=link.pk, revoked_at=None).update(revoked_at=now))


def _derived(nonce: str, key: str | bytes) -> str:
    digest = salted_hmac(SALT, nonce, secret=key, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _columns(draft: Draft, token: str, nonce: str, by: AbstractBaseUser, now: datetime) -> dict[str, object]:
    ends = draft.last_day_of_access
    return {
        "membership": draft.membership,
        "price": draft.price,
        "days": draft.days,
        "access_until": promotions.end_of(ends) if ends else None,
        "kind": draft.kind,
        "max_uses": 1 if draft.kind == Kind.SINGLE else draft.max_uses,
        "expires_at": promotions.end_of(draft.last_day) if draft.last_day else None,
        "email": draft.email,
        "promotion_code": draft.code,
        "note": draft.note,
        "created_by_id": by.pk,
        "created_at": now,
        "token_hash": hash_of(token),
        "nonce": nonce,
    }
