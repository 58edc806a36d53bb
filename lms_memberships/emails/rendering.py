"""What does an e-mail say? Subject, text and HTML in the reader's language, with clean headers."""

import hashlib
import unicodedata
from datetime import datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from pathlib import Path

import css_inline
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from .. import conf
from ..memberships.addresses import public_url
from ..memberships.models import Membership
from ..memberships.pricing import price_text
from ..money import format_money
from ..subscriptions.models import Subscription
from .catalogue import CATALOGUE, Audience, EmailKind
from .models import Email

LONGEST_SUBJECT = 200
STYLES = Path(__file__).parent / "email.css"


def message_for(email: Email, *, now: datetime) -> EmailMultiAlternatives:
    """The message as it will be sent, text and HTML. Raises ValueError for a recipient that is no address."""
    with translation.override(email.language):
        context = context_for(email, now=now)
        name = f"lms_memberships/emails/{email.kind}"
        subject = subject_of(EmailKind(email.kind), context)
        text = render_to_string(f"{name}.txt", context)
        html = render_to_string(f"{name}.html", {**context, "subject": subject})
    message = EmailMultiAlternatives(
        subject=subject,
        body=text,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[address(email.recipient)],
        headers={"Message-ID": message_id(email), "Auto-Submitted": "auto-generated"},
    )
    message.attach_alternative(_inline(html), "text/html")
    return message


def subject_of(kind: EmailKind, context: dict[str, object]) -> str:
    """One clean line: names may hold anything, and some mail services check nothing (S16)."""
    names = {"membership": context["title"], "student": context["student"]}
    return one_line(str(CATALOGUE[kind].subject) % names)


def one_line(text: str) -> str:
    """Without line breaks and control characters, at most 200 characters."""
    visible = "".join(letter if unicodedata.category(letter)[0] not in "CZ" else " " for letter in text)
    return " ".join(visible.split())[:LONGEST_SUBJECT]


def address(text: str) -> str:
    """The bare address. Raises ValueError for anything else, such as a second header."""
    try:
        return Address(addr_spec=text).addr_spec
    except (HeaderParseError, ValueError) as error:
        msg = f"{text!r} is not one address"
        raise ValueError(msg) from error


def message_id(email: Email) -> str:
    """The same mail has the same id, so that a receiver can tell a repetition."""
    digest = hashlib.sha256(email.key.encode()).hexdigest()[:32]
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">") or "localhost"
    return f"<{digest}@{domain}>"


def context_for(email: Email, *, now: datetime) -> dict[str, object]:
    """What the templates may name. Links are made here, from the site's own address (S18)."""
    subscription = email.subscription
    membership = email.membership
    if subscription is None or membership is None:
        msg = f"E-mail {email.pk} is about something that is gone"
        raise ValueError(msg)
    return {
        "email": email,
        "is_for_student": CATALOGUE[EmailKind(email.kind)].audience is Audience.STUDENT,
        "student": one_line(subscription.user.get_full_name() or subscription.user.get_username()),
        "first_name": one_line(subscription.user.first_name or subscription.user.get_username()),
        "title": one_line(membership.title),
        "membership": membership,
        "subscription": subscription,
        "is_trial": subscription.trial_end is not None and subscription.trial_end > now,
        "price": _price(subscription, email.language),
        "amount": _amount(email),
        "items": _items(membership),
        "account_url": public_url(reverse("lms_memberships:account")),
        "membership_url": public_url(membership.get_absolute_url()),
        "invoice_url": _invoice_url(email),
        "site_name": settings.WAGTAIL_SITE_NAME if hasattr(settings, "WAGTAIL_SITE_NAME") else "",
        "help_email": conf.HELP_EMAIL,
        "language": email.language,
    }


def _price(subscription: Subscription, language: str) -> str:
    return price_text(subscription.money, subscription.interval, language) if subscription.interval else ""


def _amount(email: Email) -> str:
    invoice = email.invoice
    if invoice is None:
        return ""
    paid = email.kind == EmailKind.PAYMENT_SUCCEEDED
    return format_money(invoice.total_money if paid else invoice.due_money, email.language)


def _items(membership: Membership) -> list[dict[str, str]]:
    rows = membership.bundle_items.select_related("item")
    return [{"title": row.item.title, "url": public_url(row.item.url) if row.item.url else ""} for row in rows]


def _invoice_url(email: Email) -> str:
    # Our own page, which asks for a sign-in: Stripe's address is open to whoever holds it.
    if email.invoice_id is None:
        return public_url(reverse("lms_memberships:account"))
    return public_url(reverse("lms_memberships:invoice", args=[email.invoice_id]))


def _inline(html: str) -> str:
    inliner = css_inline.CSSInliner(extra_css=STYLES.read_text(encoding="utf-8"), load_remote_stylesheets=False)
    return inliner.inline(html)
