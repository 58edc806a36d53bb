"""Which terms of sale does a buyer accept, and have they? Asked by the server before every purchase (X16)."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from .. import conf
from ..errors import Refusal
from .gift_models import Gift
from .guest_models import GuestPurchase
from .models import Checkout

#: As much as a row keeps.
LONGEST = 255


class TermsNotAccepted(Refusal):
    """Nothing ticked, or other terms than those that hold now: they changed while the page was open."""

    message = _("Please accept the terms to go on. Nothing was charged.")


def version() -> str:
    """What a page shows and a purchase keeps: the site's own name for its present terms, or else their address.

    Empty: the site has none, and nobody is asked.
    """
    if not conf.TERMS_URL:
        return ""
    return str(conf.TERMS_VERSION or conf.TERMS_URL)[:LONGEST]


def refuse_unaccepted(accepted: str) -> None:
    """Raise TermsNotAccepted unless what was accepted are the terms of now."""
    wanted = version()
    # Without a box the press itself accepts them, as the page says beside the button.
    is_accepted = accepted == wanted or (not accepted and not conf.TERMS_BOX)
    if wanted and not is_accepted:
        raise TermsNotAccepted


def note(attempt: Checkout | Gift | GuestPurchase, *, now: datetime) -> None:
    """The proof, on the attempt that is about to be made: which terms, and when."""
    attempt.terms_version = version()
    attempt.terms_accepted_at = now if attempt.terms_version else None
