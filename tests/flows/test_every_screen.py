"""Are all our screens complete: in both languages, with somebody to ask, and within reach of Stripe? (X26, U41, A11)"""

import json
import re
import time
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from django.test import Client
from django.urls import reverse
from wagtail.users.models import UserProfile

import lms_memberships
from lms_memberships.creator.stripe_settings import KEY_PERMISSIONS
from lms_memberships.models import Membership, Subscription, WebhookEvent
from lms_memberships.subscriptions import cancel_links, guest_links, withdrawal_links
from tests import hosted
from tests.emails.conftest import park
from tests.factories import MembershipFactory, UserFactory, allow, publish, put_into
from tests.flows.giving import offer
from tests.flows.steps import buy, pieces, press_join
from tests.webhooks_rig import ADDRESS, SECRET
from tests.wizard.conftest import Wizard

pytestmark = pytest.mark.django_db

WIZARD = Wizard()
CATALOGUE = Path(lms_memberships.__file__).parent / "locale" / "fr" / "LC_MESSAGES" / "django.po"
#: Said the same in both languages, or the name of something.
SAME = {"Message", "Description", "Date", "Total", "Type", "Stripe", "Actions", "Notes", "Page", "Pages", "PDF", "Test"}


def words() -> dict[str, str]:
    """English → French, for sentences without placeholders."""
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file)
    pairs = {message.id: message.string for message in catalogue if message.id}
    return {id_: string for id_, string in pairs.items() if isinstance(id_, str) and "%(" not in id_}


def test_every_sentence_has_its_french():
    """X26: none is missing, none is a guess, and placeholders are the same."""
    with CATALOGUE.open("rb") as file:
        messages = [message for message in read_po(file) if message.id]
    assert len(messages) > 300
    assert [message.id for message in messages if message.fuzzy] == []
    assert [message.id for message in messages if not message.string or not all(_forms(message.string))] == []
    for message in messages:
        needed = set(re.findall(r"%\(\w+\)\w", _forms(message.id)[-1]))
        assert needed == set(re.findall(r"%\(\w+\)\w", _forms(message.string)[-1])), message.id


def _forms(text: str | tuple[str, ...]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else text


Screens = dict[str, Callable[[], str]]


#: What Stripe's dashboard calls it; and what stands on its portal, in the site's language.
AS_AT_STRIPE = {
    "Stripe settings": {name for name, _right, _why in KEY_PERMISSIONS},
    "customer portal": {"Manage your membership"},
}


@pytest.fixture
def screens(gateway, live_session, student, client_for, clock, postman, settings) -> Callable[[str], dict[str, str]]:
    """Every screen of ours, by name, for a reader of that language: students' and creators'."""
    membership = publish(put_into(MembershipFactory(title="Ωmega", description="Ω"), live_session), gateway=gateway)
    Membership.objects.update(may_pause=True)
    settings.LMS_MEMBERSHIPS_WITHDRAWAL_DAYS = 14
    other = publish(put_into(MembershipFactory(title="Δelta", trial_days=3), live_session), gateway=gateway)
    offer(other, gateway)
    creator = UserFactory(username="creator")
    needed = ("view", "add", "change", "publish", "set_price", "delete")
    creator = allow(
        creator,
        *(f"{verb}_membership" for verb in needed),
        "connect_account",
        "change_emailswitch",
        "view_subscription",
        "end_subscription",
        "view_invoice",
        "view_gift",
    )

    def of(language: str) -> dict[str, str]:
        browser, maker = client_for(student), client_for(creator)
        UserProfile.objects.update_or_create(user=creator, defaults={"preferred_language": language})
        if not Subscription.objects.exists():
            of.back = buy(browser, membership)  # type: ignore[attr-defined]
            postman.deliver()
            of.guest = park(membership)  # type: ignore[attr-defined]
        row = Subscription.objects.get()
        addresses = {
            "list": reverse("lms_memberships:list"),
            "nothing found": reverse("lms_memberships:list") + "?q=nothing",
            "detail": other.get_absolute_url(),
            "mine": membership.get_absolute_url(),
            "confirm": reverse("lms_memberships:buy", args=[other.slug]),
            "done": of.back,  # type: ignore[attr-defined]
            "unknown": reverse("lms_memberships:done") + "?session_id=cs_unknown",
            "account": reverse("lms_memberships:account"),
            "invoices": reverse("lms_memberships:invoices"),
            "cancel": reverse("lms_memberships:cancel", args=[row.pk]),
            "cancel by link": reverse("lms_memberships:cancel_link", args=[cancel_links.token_of(row)]),
            "withdraw": reverse("lms_memberships:withdraw", args=[row.pk]),
            "withdraw by link": reverse("lms_memberships:withdraw_guest", args=[withdrawal_links.token_of(of.guest)]),  # type: ignore[attr-defined]
            "claim": reverse("lms_memberships:claim", args=[guest_links.token_of(of.guest)]),  # type: ignore[attr-defined]
            "pause": reverse("lms_memberships:pause", args=[row.pk]),
            "give": reverse("lms_memberships:give", args=[other.slug]),
            "gifts": reverse("lms_memberships:gifts"),
        }
        made = {
            "memberships": WIZARD.list,
            "create": WIZARD.add,
            **{f"step {slug}": WIZARD.step(other, slug) for slug in ("information", "bundle", "publish")},
            "Stripe settings": reverse("lms_memberships_stripe_settings"),
            "customer portal": reverse("lms_memberships_portal_settings"),
            "e-mail settings": reverse("lms_memberships_email_settings"),
            "people": reverse("lms_memberships_people_list"),
            "what was done for many people": reverse("lms_memberships_people_done"),
            "one person": reverse("lms_memberships_person", args=[Subscription.objects.first().user_id]),
            "invoices of all": reverse("lms_memberships_invoices_list"),
            "what needs attention": reverse("lms_memberships_attention"),
            "payment settings": reverse("lms_memberships_payment_settings"),
            "recurring revenue": reverse("lms_memberships_report_recurring"),
            "why people leave": reverse("lms_memberships_report_leaving"),
            "gifts that were bought": reverse("lms_memberships_gifts_list"),
            "what gifts cost": reverse("lms_memberships_gifts_offers"),
            "what gifts of one cost": reverse("lms_memberships_gifts_offer", args=[other.pk]),
        }
        headers = {"accept-language": language}
        pages = {name: browser.get(address, headers=headers) for name, address in addresses.items()}
        pages |= {name: maker.get(address, headers=headers) for name, address in made.items()}
        assert {name: page.status_code for name, page in pages.items()} == dict.fromkeys(pages, 200)
        return {name: page.content.decode() for name, page in pages.items()}

    return of


def test_no_screen_speaks_english_to_a_french_reader(screens):
    """X26: no sentence of ours that has a French one is shown in English; dates and money are French too."""
    english = {id_ for id_, string in words().items() if id_ != string} - SAME
    french = screens("fr")
    left = {
        name: [piece for piece in pieces(page) if piece in english - AS_AT_STRIPE.get(name, set())]
        for name, page in french.items()
    }
    assert {name: found for name, found in left.items() if found} == {}
    for page in french.values():
        assert '<html lang="fr"' in page
    for name in ("list", "detail", "confirm", "account", "invoices"):
        shown = re.sub(r"\s", " ", french[name])
        assert "19,00 €" in shown, name
        assert "€19.00" not in shown, name
    assert re.search(r"\d{1,2} (décembre|janvier|novembre) \d{4}", french["account"])


def test_the_control_sees_english(screens):
    """X26, negative control: on the English screens there is plenty of it."""
    english = {id_ for id_, string in words().items() if id_ != string} - SAME
    for name, page in screens("en").items():
        assert [piece for piece in pieces(page) if piece in english], name


def test_somebody_can_be_asked_on_every_screen(screens):
    """U41"""
    without = [name for name, page in screens("en").items() if "help@school.test" not in page]
    assert without == []


def test_stripes_page_speaks_the_students_language(membership, student, client_for):
    """X26"""
    browser = client_for(student)
    french = hosted.get(press_join(browser, membership, headers={"accept-language": "fr"}))
    assert '<html lang="fr"' in french


# ------------------------------------------------------------------ A11: what a site may wrap around the webhook


def _login_required(settings) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]


def _no_slash(settings) -> None:
    settings.APPEND_SLASH = False


def _languages(settings) -> None:
    place = settings.MIDDLEWARE.index("django.middleware.common.CommonMiddleware")
    before, after = settings.MIDDLEWARE[:place], settings.MIDDLEWARE[place:]
    settings.MIDDLEWARE = [*before, "django.middleware.locale.LocaleMiddleware", *after]


def _cross_site_checks(settings) -> None:
    settings.CSRF_USE_SESSIONS = True
    settings.CSRF_COOKIE_SECURE = True


def _cache_everywhere(settings) -> None:
    cache = "django.middleware.cache"
    settings.MIDDLEWARE = [
        f"{cache}.UpdateCacheMiddleware",
        *settings.MIDDLEWARE,
        f"{cache}.FetchFromCacheMiddleware",
    ]


WRAPPINGS = {
    "sign-in required": _login_required,
    "no slash appended": _no_slash,
    "languages": _languages,
    "cross-site checks": _cross_site_checks,
    "cache everywhere": _cache_everywhere,
}
MATRIX = [both for size in (1, 2, len(WRAPPINGS)) for both in combinations(WRAPPINGS, size)]


@pytest.mark.parametrize("wrappings", MATRIX, ids=" and ".join)
def test_a_signed_event_is_taken_whatever_the_site_wraps_around_it(wrappings, settings):
    """A11: each alone, each pair, and all; both forms of the address, with and without a language."""
    import stripe

    for name in wrappings:
        WRAPPINGS[name](settings)
    addresses = [ADDRESS, ADDRESS.rstrip("/")]
    for number, address in enumerate(addresses * 2):
        event = {
            "id": f"evt_{number}",
            "object": "event",
            "type": "invoice.paid",
            "created": int(time.time()),
            "livemode": False,
            "data": {"object": {"id": "in_1", "object": "invoice"}},
        }
        body = json.dumps(event)
        headers = {"stripe-signature": stripe.WebhookSignature.generate_signature_header(body, SECRET)}
        if number >= len(addresses):
            headers["accept-language"] = "fr"
        answer = Client(enforce_csrf_checks=True).post(
            address, data=body, content_type="application/json", headers=headers
        )
        assert answer.status_code == 200
    assert WebhookEvent.objects.count() == len(addresses) * 2
