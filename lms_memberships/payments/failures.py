"""What can go wrong with a payment provider, in our own words? Each failure says whether something may have been done."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from ..errors import OutsideFailure

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


class GatewayFailure(OutsideFailure):
    """The provider failed or said no for a reason that is not the buyer's. May be worth another try."""

    message = _("Stripe did not answer as expected. Nothing was charged. Please try again.")
    #: True when it is not known whether the provider carried out the request.
    is_ambiguous = False
    #: The provider's own machine word, for logs and look-ups.
    code = ""
    #: True when the provider repeated an answer that it had remembered under the idempotency key (D3).
    is_replayed = False
    #: The provider's name for this very request: what a buyer is told, and an owner looks up.
    reference = ""
    #: The sentence whose places ``values`` fill, for whoever keeps it and says it later, in another language.
    words: "str | _StrPromise | None" = None
    values: Mapping[str, str] = MappingProxyType({})
    #: What a buyer is told: never the provider's own words, which may speak of keys and accounts (S56).
    said_to_buyers: "str | _StrPromise" = _("The payment service could not do this. Nothing was charged.")

    @property
    def for_buyers(self) -> str:
        if not self.reference:
            return str(self.said_to_buyers)
        parts = {"message": self.said_to_buyers, "reference": self.reference}
        return str(_("%(message)s Reference: %(reference)s") % parts)


class GatewayUnreachable(GatewayFailure):
    """No answer, or a server error: the request may or may not have been carried out."""

    message = _("Stripe could not be reached. Please try again in a moment.")
    is_ambiguous = True
    said_to_buyers = _("The payment service could not be reached. Please try again in a moment.")


class NotAsked(GatewayUnreachable):
    """Not even sent: the calls before it were not answered, and the line rests for a moment (D8)."""

    is_ambiguous = False


class RateLimited(GatewayFailure):
    """Too many requests; nothing was done."""

    message = _("Stripe is busy. Please try again in a moment.")
    said_to_buyers = _("The payment service is busy. Please try again in a moment.")


class Locked(RateLimited):
    """Another request holds this object just now; nothing was done (D6)."""


class KeyRejected(GatewayFailure):
    """The key is wrong, revoked or lacks a permission; the message names which."""

    message = _("Stripe did not accept the key. Check it under Settings → Stripe.")


class KeyExpired(KeyRejected):
    """The key was replaced, and its last day has passed."""

    message = _("The Stripe key has expired. Put the new one into the settings.")


class PermissionMissing(KeyRejected):
    """The key is good, but may not do this; ``permission`` names what it lacks, where Stripe says so."""

    permission = ""


class NotFound(GatewayFailure):
    """The object does not exist in this account."""

    message = _("Stripe does not know this object.")


class RequestRefused(GatewayFailure):
    """Stripe understood and refused; the message carries Stripe's reason."""


class CardDeclined(RequestRefused):
    """The bank said no. The reason is the buyer's to know, in our words."""

    #: True when the bank only wants to see the person: no other card is needed, but somebody who is there (G19).
    needs_person = False


class BadSignature(Exception):
    """A webhook call that is not proven to come from the provider. Answer 400 and store nothing."""
