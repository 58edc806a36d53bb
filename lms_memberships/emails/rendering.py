"""What does an e-mail say? Subject, text and HTML in the reader's language, with clean headers."""

import copy
import hashlib
import unicodedata
from datetime import datetime, timedelta
from email.errors import HeaderParseError
from email.headerregistry import Address
from pathlib import Path
from typing import Any

import css_inline
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from .. import conf
from ..bundles.languages import in_language
from ..memberships import ladders
from ..memberships.addresses import public_url
from ..memberships.gift_offers import length_text
from ..memberships.models import Membership
from ..memberships.pricing import price_text
from ..money import format_money
from ..payments.customers import full_name_of
from ..subscriptions import (
    amounts,
    cancel_links,
    departures,
    gift_links,
    guest_links,
    guest_withdrawing,
    kept_credit,
    withdrawal_links,
)
from ..subscriptions.gift_models import NO_PLACE
from ..subscriptions.guest_models import GuestPurchase
from ..subscriptions.models import Subscription
from . import money_back, price_changes, reminding, snapshots, truth, withdrawals
from .catalogue import CATALOGUE, TO_GUESTS, Audience, EmailKind
from .models import Email

LONGEST_SUBJECT = 200
#: In these the price is what is paid from now on, so that a discount which lasts is named (X9).
PAID_FROM_NOW_ON = frozenset({EmailKind.BOUGHT, EmailKind.MEMBERSHIP_CHANGED, EmailKind.TRIAL_ENDS_SOON})
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
    if email.kind == EmailKind.WITHDRAWN:
        return _about_a_withdrawal(email)
    if EmailKind(email.kind) in TO_GUESTS:
        return _for_a_guest(email, now=now)
    if EmailKind(email.kind) in truth.OFFERS:
        return _offered(email)
    if EmailKind(email.kind) in truth.GIFTS:
        return _about_gift(email)
    if EmailKind(email.kind) in truth.MONEY:
        return _about_money(email)
    was = snapshots.as_it_was(email)
    subscription, membership = was.subscription, was.membership
    return {
        **_frame(email, subscription.user, membership),
        "subscription": subscription,
        "is_trial": was.is_trial(now),
        "ends_at": _ends_at(email, subscription),
        "price": _price(subscription, email),
        "amount": "" if was.amount is None else format_money(was.amount, email.language),
        "items": _items(membership, email.language),
        "invoice_url": _invoice_url(email),
        **_for_who_leaves(email),
        **price_changes.named(email),
        **reminding.named(email, subscription.currency, now=now),
    }


def _ends_at(email: Email, as_it_was: Subscription) -> datetime | None:
    """Cancelled in the moment in which it became another: nothing is paid from now on, whatever was true before."""
    as_it_is = email.subscription
    return as_it_was.cancel_at or (None if as_it_is is None else as_it_is.cancel_at)


def _for_who_leaves(email: Email) -> dict[str, object]:
    """The link that cancels without a sign-in, in the student's own mails alone; and whose word a cancellation was.

    Staff and Stripe end memberships too: only who said it on this site is told that they did (X14).
    """
    found, is_cancelled = email.subscription, email.kind in (EmailKind.CANCELLED, EmailKind.ADMIN_CANCELLED)
    if found is None or not (is_cancelled or CATALOGUE[EmailKind(email.kind)].audience is Audience.STUDENT):
        return {"cancel_url": "", "received_at": None, "is_their_word": False, "has_ended": False, "kept": ""}
    is_theirs = CATALOGUE[EmailKind(email.kind)].audience is Audience.STUDENT
    received = departures.asked_at(found.pk) if is_cancelled else None
    return {
        "cancel_url": cancel_links.link_of(found) if is_theirs else "",
        "received_at": received if is_theirs else None,
        "is_their_word": received is not None,
        "has_ended": found.ended_at is not None,
        "kept": _kept(found, email.language) if is_cancelled and is_theirs else "",
    }


def _kept(found: Subscription, language: str) -> str:
    """What the end of one that was paused has put on their balance."""
    kept = kept_credit.of(found)
    return "" if kept is None else format_money(kept, language)


def _about_a_withdrawal(email: Email) -> dict[str, object]:
    found = withdrawals.of(email)
    if found is None or (email.user is None and found.guest_id is None):
        msg = f"E-mail {email.pk} is about a withdrawal that is gone"
        raise ValueError(msg)
    membership = copy.copy(found.membership)
    membership.title = found.title
    return {**_frame(email, email.user or AnonymousUser(), membership), **withdrawals.named(found, email.language)}


def _offered(email: Email) -> dict[str, object]:
    """About a membership that the person does not hold."""
    if email.user is None or email.membership is None:
        msg = f"E-mail {email.pk} is about something that is gone"
        raise ValueError(msg)
    said = email.context or {}
    membership = copy.copy(email.membership)
    membership.title = said.get("title", membership.title)
    until = said.get("held_until")
    return {
        **_frame(email, email.user, membership),
        "held_until": until and timezone.localtime(datetime.fromisoformat(until)),
    }


def _for_a_guest(email: Email, *, now: datetime) -> dict[str, object]:
    """About what was bought without an account. The links are made here, and stand in no table (S22)."""
    purchase = truth.guest_of(email)
    if purchase is None or email.membership is None:
        msg = f"E-mail {email.pk} is about something that is gone"
        raise ValueError(msg)
    membership = copy.copy(email.membership)
    membership.title = (email.context or {}).get("title", membership.title)
    token = guest_links.token_of(purchase)
    paid, ends = purchase.money, purchase.cancel_at
    return {
        **_frame(email, AnonymousUser(), membership),
        "claim_url": public_url(reverse("lms_memberships:claim", args=[token])) if token else "",
        "withdraw_url": withdrawal_links.link_of(purchase, now=now),
        "withdraw_until": guest_withdrawing.last_day(purchase),
        "ask_url": public_url(reverse("lms_memberships:guest_links")),
        "link_until": purchase.link_until and timezone.localtime(purchase.link_until),
        "ends_at": ends and timezone.localtime(ends),
        "amount": format_money(paid, email.language) if paid else "",
        "has_no_place": purchase.return_reason == GuestPurchase.Reason.NO_PLACE,
    }


def _about_gift(email: Email) -> dict[str, object]:
    """Its link is derived here and stored nowhere: whoever reads the table of mails holds no gift."""
    gift = truth.gift_of(email)
    if gift is None or email.user is None:
        msg = f"E-mail {email.pk} is about a gift that is gone"
        raise ValueError(msg)
    membership = copy.copy(gift.membership)
    membership.title = (email.context or {}).get("title", membership.title)
    is_its_recipient = CATALOGUE[EmailKind(email.kind)].audience is Audience.RECIPIENT
    return {
        **_frame(email, email.user, membership),
        "gift": gift,
        "length": length_text(gift.months),
        "price": format_money(gift.money, email.language),
        "from_name": one_line(gift.from_name),
        "recipient_name": one_line(gift.recipient_name),
        "gift_url": public_url(reverse("lms_memberships:given", args=[gift.pk])),
        "redeem_url": gift_links.link_of(gift) if is_its_recipient else "",
        "last_day": gift.redeem_until and timezone.localtime(gift.redeem_until - timedelta(microseconds=1)).date(),
        "had_no_place": gift.problem == NO_PLACE,
    }


def _about_money(email: Email) -> dict[str, object]:
    """Of a payment that went back, or that a bank took back; a gift's and a guest's are nobody's subscription."""
    if email.membership is None:
        msg = f"E-mail {email.pk} is about something that is gone"
        raise ValueError(msg)
    membership = copy.copy(email.membership)
    membership.title = (email.context or {}).get("title", membership.title)
    return {**_frame(email, email.user or AnonymousUser(), membership), **money_back.named(email)}


def _frame(email: Email, person: Any, membership: Membership) -> dict[str, object]:
    """What every mail may name."""
    return {
        "email": email,
        "is_for_student": CATALOGUE[EmailKind(email.kind)].audience is Audience.STUDENT,
        "student": one_line(_full_name(person)),
        "first_name": one_line(getattr(person, "first_name", "") or person.get_username()),
        "title": one_line(membership.title),
        "membership": membership,
        "account_url": public_url(reverse("lms_memberships:account")),
        "attention_url": public_url(reverse("lms_memberships_attention")),
        "membership_url": public_url(membership.get_absolute_url()),
        "site_name": settings.WAGTAIL_SITE_NAME if hasattr(settings, "WAGTAIL_SITE_NAME") else "",
        "help_email": conf.HELP_EMAIL,
        "language": email.language,
    }


def _full_name(person: Any) -> str:
    return full_name_of(person) or person.get_username()


def _price(subscription: Subscription, email: Email) -> str:
    if not subscription.interval:
        return ""
    price = price_text(subscription.money, subscription.interval, email.language)
    return amounts.less(price, is_reduced=subscription.is_reduced and email.kind in PAID_FROM_NOW_ON)


def _items(membership: Membership, language: str) -> list[dict[str, str]]:
    """One of each course, as the page after buying names them."""
    items = in_language(ladders.items_of(membership), language)
    return [{"title": item.title, "url": public_url(item.url) if item.url else ""} for item in items]


def _invoice_url(email: Email) -> str:
    # Our own page, which asks for a sign-in: Stripe's address is open to whoever holds it.
    if email.invoice_id is None:
        return public_url(reverse("lms_memberships:account"))
    return public_url(reverse("lms_memberships:invoice", args=[email.invoice_id]))


def _inline(html: str) -> str:
    inliner = css_inline.CSSInliner(extra_css=STYLES.read_text(encoding="utf-8"), load_remote_stylesheets=False)
    return inliner.inline(html)
