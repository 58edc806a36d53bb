"""Which promotion code does a student bring, and what does the page say about it (V21, X9)?"""

from dataclasses import dataclass

from django.http import HttpRequest, QueryDict
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from .. import clock
from ..errors import OutsideFailure
from ..memberships import guesses
from ..memberships.guesses import TooManyGuesses
from ..memberships.models import Price
from ..memberships.promotion_models import PromotionCode
from ..memberships.promotion_words import discount_text
from ..memberships.promotions import CODE, CodeNotUsable
from ..payments import connect
from ..subscriptions import codes
from .people import student_of
from .visitors import address_of

#: The name in addresses and forms: ``?promo=SPRING25``.
PARAMETER = "promo"
LONGEST = 500


@dataclass(frozen=True)
class Promo:
    """What the page shows. ``code`` goes on to Stripe with the purchase; empty: none, or one that does not hold."""

    code: str = ""
    #: What it takes off, in the words of its coupon.
    discount: str = ""
    typed: str = ""
    problem: str = ""
    status: int = 200
    #: Whether the field is shown: where there is anything to type.
    is_asked_for: bool = False


def brought(data: QueryDict) -> str:
    """The code of a link, to be carried along unseen; what cannot be one is left behind."""
    text = data.get(PARAMETER, "").strip()
    return text if CODE.fullmatch(text) else ""


def typed(data: QueryDict) -> str:
    return data.get(PARAMETER, "").strip()[:LONGEST]


def are_there_any() -> bool:
    """Whether the account has codes that somebody could type."""
    connection = connect.current()
    return connection is not None and PromotionCode.objects.at(connection).running(clock.now()).exists()


def count_try(request: HttpRequest) -> None:
    """Somebody hands in a code. Raises TooManyGuesses."""
    person = str(student_of(request).pk)
    guesses.count("promotion", address=address_of(request), person=person, now=clock.wall_time())


def look(request: HttpRequest, price: Price | None) -> Promo:
    """What to say about the code in the address, for this price. A try like any other."""
    text = typed(request.GET)
    if not text or price is None:
        return Promo(is_asked_for=are_there_any())
    try:
        count_try(request)
        code = codes.find(text, price, user=student_of(request), gateway=connect.get_gateway(), now=clock.now())
    except (CodeNotUsable, TooManyGuesses) as refusal:
        return refused(text, refusal)
    except (OutsideFailure, connect.NotConnected):
        problem = _("The code could not be checked just now. You can go on, or try again in a moment.")
        return Promo(typed=text, problem=problem, is_asked_for=True)
    return Promo(code=code.code, discount=discount_text(code, get_language() or "en"), typed=text, is_asked_for=True)


def untried(text: str) -> Promo:
    """The page again, for a reason that has nothing to do with the code: it stays typed, and is no try."""
    return Promo(typed=text, is_asked_for=bool(text) or are_there_any())


def refused(text: str, refusal: CodeNotUsable | TooManyGuesses) -> Promo:
    """The same page for every reason; only whoever tries too often hears so."""
    status = 429 if isinstance(refusal, TooManyGuesses) else 200
    return Promo(typed=text, problem=str(refusal.message), status=status, is_asked_for=True)
