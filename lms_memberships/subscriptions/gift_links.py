"""What is the link of a gift? Derived from the site's key, so that the giver can see it again, and stored only as a hash."""

import base64
import hashlib
import hmac

from django.conf import settings
from django.urls import reverse
from django.utils.crypto import salted_hmac

from ..memberships.addresses import public_url
from .gift_models import Gift, GiftQuerySet

SALT = "lms_memberships.gifts"
#: 192 bits: nobody guesses one.
BYTES = 24


def link_of(gift: Gift) -> str:
    """The full address. Empty where the site's key was changed since, and the old one is not kept as a fallback."""
    token = token_of(gift)
    return public_url(reverse("lms_memberships:gift", args=[token])) if token else ""


def token_of(gift: Gift) -> str:
    for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        token = _derive(gift, key)
        if hmac.compare_digest(hash_of(token), gift.token_hash):
            return token
    return ""


def give_new(gift: Gift) -> None:
    """Its first link, or another one; whoever holds an older one holds nothing. The caller saves."""
    if gift.token_hash:
        gift.link_number += 1
    gift.token_hash = hash_of(_derive(gift, settings.SECRET_KEY))


def find(token: str) -> GiftQuerySet:
    return Gift.objects.filter(token_hash=hash_of(token))


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _derive(gift: Gift, key: str | bytes) -> str:
    value = f"{gift.uuid}:{gift.link_number}"
    digest = salted_hmac(SALT, value, secret=key, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(digest[:BYTES]).decode()
