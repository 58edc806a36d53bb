"""Which tags show memberships in a site's own templates? Cards, the join button, and small words around them."""

from django import template
from django.conf import settings
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from .. import clock, conf
from ..access import gate
from ..access.policy import Decision
from ..access.reasons import Reason
from ..memberships.intervals import Interval
from ..memberships.models import Membership
from ..memberships.offers import Offer, offer, offers
from ..money import Money, format_money
from ..payments import connect
from ..safe_html import as_safe, render_markdown
from ..subscriptions import places, terms

CARDS = 6


def register_portal_tags(register: template.Library) -> None:
    """Put every tag of this file into ``{% load memberships %}``."""
    register.inclusion_tag("lms_memberships/portal/cards.html")(membership_cards)
    register.inclusion_tag("lms_memberships/portal/join_button.html", takes_context=True)(join_button)
    register.inclusion_tag("lms_memberships/portal/accept_terms.html", takes_context=True)(accept_terms)
    register.inclusion_tag("lms_memberships/portal/failure_banner.html", takes_context=True)(payment_banner)
    register.simple_tag(help_contact)
    register.simple_tag(offer_of)
    register.simple_tag(rendered_description)
    register.filter("money", money)


def membership_cards(limit: int = CARDS) -> dict[str, object]:
    """``{% membership_cards %}``: what is on sale now, as cards; at most ``limit`` of them."""
    on_sale = Membership.objects.on_sale(connect.current())
    rows = on_sale.with_contents()[:limit]
    shown = offers(rows, now=clock.now(), language=get_language() or settings.LANGUAGE_CODE)
    return {"offers": places.with_places(shown, now=clock.now())}


def join_button(context: template.Context, membership: Membership) -> dict[str, object]:
    """``{% join_button membership %}``: a press away from Stripe's page; signing in comes first."""
    buy_url = reverse("lms_memberships:buy", args=[membership.slug])
    code = context.get("promo_code") or ""
    onward = urlencode({"next": f"{buy_url}?{urlencode({'promo': code})}" if code else buy_url})
    return {
        "user": context.get("user"),
        "csrf_token": context.get("csrf_token"),
        "buy_url": buy_url,
        "promo_code": code,
        **accept_terms(context),
        "terms_problem_id": f"lmsm-terms-{membership.pk}",
        "has_sign_up": bool(conf.SIGN_UP_URL),
        "sign_in_url": f"{resolve_url(settings.LOGIN_URL)}?{onward}",
        # Most who join are new: one click less for them, where the site says how they sign up.
        "sign_up_url": f"{resolve_url(conf.SIGN_UP_URL)}?{onward}" if conf.SIGN_UP_URL else "",
        "label": _("Buy") if membership.interval == Interval.ONE_TIME else _("Join"),
        # Only where the page has asked which prices there are: a card has one button and no choice.
        "choices": getattr(context.get("offer"), "choices", ()) if context.get("membership") == membership else (),
    }


def payment_banner(context: template.Context, decision: Decision | str | None = None) -> dict[str, object]:
    """``{% payment_banner %}``: on a page that is open for the days of grace only, what failed, and the button for it.

    A view that has asked for itself says so: ``{% payment_banner decision %}``.
    """
    let_through = decision if isinstance(decision, Decision) else gate.decision_of(context.get("request"))
    is_failing = let_through is not None and let_through.reason is Reason.IN_GRACE
    return {"decision": let_through if is_failing else None, "csrf_token": context.get("csrf_token")}


def accept_terms(context: template.Context) -> dict[str, object]:
    """``{% accept_terms %}``: the box that a buyer ticks, where the site has terms (X16)."""
    return {
        "terms_url": conf.TERMS_URL,
        "terms_version": terms.version(),
        "terms_box": conf.TERMS_BOX,
        "terms_problem": context.get("terms_problem") or "",
        "terms_problem_id": "lmsm-terms",
    }


def help_contact() -> dict[str, str | bool]:
    """``{% help_contact as help %}``: where people who are stuck turn to (U41), and the site's terms."""
    return {
        "email": conf.HELP_EMAIL,
        "url": conf.HELP_URL,
        "terms_url": conf.TERMS_URL,
        "terms_box": conf.TERMS_BOX,
        "privacy_url": conf.PRIVACY_URL,
    }


def offer_of(membership: Membership) -> Offer | None:
    """``{% offer_of membership as offer %}``: also for a draft in a preview; None while it has no price."""
    if membership.price is None:
        return None
    return offer(membership, now=clock.now(), language=get_language() or settings.LANGUAGE_CODE)


def rendered_description(membership: Membership) -> SafeString:
    """``{% rendered_description membership %}``: of an unsaved version, for previews."""
    return as_safe(render_markdown(membership.description).html)


def money(amount: Money) -> str:
    """``{{ invoice.total_money|money }}``: in the reader's locale."""
    return format_money(amount, get_language() or settings.LANGUAGE_CODE)
