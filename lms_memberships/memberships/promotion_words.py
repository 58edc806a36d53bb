"""What does a promotion code take off, in words? As its coupon at Stripe says it; no price is reckoned here (X9).

To whoever buys, and to whoever is a member and stays: for the latter no payment is the first.
"""

from decimal import Decimal

from babel.numbers import format_percent
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, to_locale

from ..money import format_money
from .promotion_models import PromotionCode

#: For how long, in whole sentences: languages differ in where the amount stands.
TEXTS = {
    PromotionCode.Duration.ONCE: _("%(off)s off the first payment"),
    PromotionCode.Duration.FOREVER: _("%(off)s off every payment"),
}

#: The same for who is a member already.
STAYING = {
    PromotionCode.Duration.ONCE: _("%(off)s off your next payment"),
    PromotionCode.Duration.FOREVER: _("%(off)s off every payment from now on"),
}


def discount_text(code: PromotionCode, language: str) -> str:
    """ "20% off the first 3 months"."""
    off = {"off": amount_text(code, language)}
    if code.duration == PromotionCode.Duration.REPEATING:
        months = code.months or 1
        text = ngettext("%(off)s off in the first month", "%(off)s off in the first %(months)d months", months)
        return text % {**off, "months": months}
    return str(TEXTS[PromotionCode.Duration(code.duration)]) % off


def staying_text(code: PromotionCode, language: str) -> str:
    """ "20% off for the next 3 months"."""
    off = {"off": amount_text(code, language)}
    if code.duration == PromotionCode.Duration.REPEATING:
        months = code.months or 1
        text = ngettext("%(off)s off for the next month", "%(off)s off for the next %(months)d months", months)
        return text % {**off, "months": months}
    return str(STAYING[PromotionCode.Duration(code.duration)]) % off


def amount_text(code: PromotionCode, language: str) -> str:
    """ "20%" or "€5.00"."""
    if code.money_off is not None:
        return format_money(code.money_off, language)
    share = Decimal(code.percent_off or 0).scaleb(-4)
    return format_percent(share, locale=to_locale(language), decimal_quantization=False)
