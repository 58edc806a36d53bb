"""Can a stranger's address get in: as the way back, as the site's own name, or as somebody else's number? (S17–S19)"""

import re
from urllib.parse import quote, urlsplit

import pytest
from django.core import mail
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from lms_memberships.emails import switches
from lms_memberships.models import Invoice, Subscription
from lms_memberships.portal.urls import urlpatterns
from tests import hosted
from tests.factories import UserFactory
from tests.flows.steps import buy, press_join

pytestmark = pytest.mark.django_db

EVIL = "evil.test"
TARGETS = [
    f"//{EVIL}",
    f"//{EVIL}/memberships/",
    f"///{EVIL}",
    f"/\\{EVIL}",
    f"\\\\{EVIL}",
    f"https:{EVIL}",
    f"https:///{EVIL}",
    f"http:///{EVIL}",
    f"https://{EVIL}/memberships/account/",
    f"https://testserver@{EVIL}/",
    f"https://testserver.{EVIL}/",
    f"\x08//{EVIL}",
    f" //{EVIL}",
    f"\t//{EVIL}",
    f"//{EVIL}%2f..",
    quote(f"//{EVIL}", safe=""),
    quote(quote(f"https://{EVIL}/", safe=""), safe=""),
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    f"ftp://{EVIL}/",
]


def leads_away(location: str) -> bool:
    """As a browser reads it: backslashes are slashes, and white space before is nothing."""
    read = re.sub(r"[\x00-\x20]", "", location).replace("\\", "/")
    parts = urlsplit(read)
    return bool(parts.scheme not in {"", "http", "https"} or parts.netloc not in {"", "testserver"}) or read.startswith(
        "//"
    )


@pytest.mark.parametrize("target", [f"//{EVIL}", f"/\\{EVIL}", f" //{EVIL}", "javascript:alert(1)", f"https://{EVIL}/"])
def test_the_control_sees_what_leads_away(target):
    """S17, negative control"""
    assert leads_away(target)
    assert not leads_away("/memberships/account/")


@pytest.mark.parametrize("target", TARGETS)
def test_signing_in_on_the_way_to_buy_never_leads_away(target, membership):
    """S17: sign in with a forged way back, then buy with it: neither is followed."""
    person = UserFactory(username="ada")
    person.set_password("correct horse battery")
    person.save()
    browser = Client()
    sign_in = reverse("account_login")
    answer = browser.post(
        f"{sign_in}?next={quote(target)}", {"login": "ada", "password": "correct horse battery", "next": target}
    )
    assert answer.status_code == 302
    assert not leads_away(answer["Location"])
    address = reverse("lms_memberships:buy", args=[membership.slug])
    extra = {"next": target, "success_url": target, "cancel_url": target, "return_url": target}
    url = browser.post(f"{address}?next={quote(target)}", extra)["Location"]
    _status, location, _body = hosted.pay(url)
    assert location.startswith("http://testserver/memberships/done/?session_id=cs_")


@pytest.mark.parametrize("target", TARGETS)
def test_a_stranger_who_presses_join_comes_back_to_the_purchase_only(target, membership):
    """S17: what stands behind ``next`` is our own path, whatever the address said."""
    address = reverse("lms_memberships:buy", args=[membership.slug])
    for answer in (Client().get(address, {"next": target}), Client().post(address, {"next": target})):
        assert answer.status_code == 302
        assert not leads_away(answer["Location"])
        assert urlsplit(answer["Location"]).path == reverse("account_login")


@pytest.mark.parametrize("target", TARGETS)
def test_changing_the_language_never_leads_away(target, db):
    """S17"""
    answer = Client().post(reverse("set_language"), {"language": "fr", "next": target})
    assert not leads_away(answer["Location"])


# ------------------------------------------------------------------ S18: the site's own name


FORGED = {"host": EVIL, "x-forwarded-host": EVIL, "x-forwarded-server": EVIL, "forwarded": f"host={EVIL}"}


def test_a_forged_host_reaches_neither_stripe_nor_a_mail(
    membership, student, client_for, settings, sandbox, postman, clock
):
    """S18: success and cancel address at Stripe, every link in every mail, the page's own names."""
    settings.USE_X_FORWARDED_HOST = True
    settings.LMS_MEMBERSHIPS_ADMIN_EMAILS = ["office@school.test"]
    switches.switch_all_on()
    browser = client_for(student)
    url = press_join(browser, membership, headers=FORGED)
    (session,) = sandbox.store.all("checkout.session", account=sandbox.account_id)
    assert session["success_url"].startswith("http://testserver/")
    assert session["cancel_url"].startswith("http://testserver/")
    back = hosted.path_of(hosted.pay(url)[1])
    pages = [browser.get(back, headers=FORGED), browser.get(membership.get_absolute_url(), headers=FORGED)]
    pages += [browser.get(reverse(f"lms_memberships:{name}"), headers=FORGED) for name in ("account", "list")]
    browser.post(reverse("lms_memberships:cancel", args=[Subscription.objects.get().pk]), headers=FORGED)
    postman.deliver()
    assert len(mail.outbox) == 6
    for message in mail.outbox:
        whole = message.message().as_string() + message.body + str(message.alternatives)
        assert EVIL not in whole
        assert message.to == ["office@school.test"] or "http://testserver/" in message.body
    for page in pages:
        assert page.status_code == 200
        assert EVIL not in page.content.decode()


def test_a_redirect_of_ours_names_no_host(membership, student, client_for, settings):
    """S18"""
    settings.USE_X_FORWARDED_HOST = True
    browser = client_for(student)
    buy(browser, membership)
    row = Subscription.objects.get()
    answers = [
        Client().get(reverse("lms_memberships:account"), headers=FORGED),
        browser.post(reverse("lms_memberships:buy", args=[membership.slug]), headers=FORGED),
        browser.post(reverse("lms_memberships:cancel", args=[row.pk]), headers=FORGED),
        browser.post(reverse("lms_memberships:resume", args=[row.pk]), headers=FORGED),
    ]
    for answer in answers:
        assert answer.status_code == 302
        assert answer["Location"].startswith("/memberships/") or answer["Location"].startswith("/accounts/login/")


# ------------------------------------------------------------------ S19: somebody else's number


def numbered() -> list[URLPattern]:
    """Every address of the portal in which a number stands for a row."""
    return [pattern for pattern in urlpatterns if "pk" in pattern.pattern.converters]


#: Whose row the number stands for. A new address must be added here, or the next test fails.
ROWS = {
    "cancel": Subscription,
    "resume": Subscription,
    "stay": Subscription,
    "withdraw": Subscription,
    "pause": Subscription,
    "continue": Subscription,
    "switch": Subscription,
    "keep": Subscription,
    "mend": Subscription,
    "invoice": Invoice,
    "invoice_pdf": Invoice,
    "pay_invoice": Invoice,
    "try_invoice": Invoice,
}


#: Public; or with a test of its own, beside what it needs.
ELSEWHERE = {
    "tiers": "anybody may see which tiers there are",
    "given": "test_gifts.py",
    "withdraw_gift": "test_withdrawing.py",
    "invitation_again": "test_invitations.py",
}


def test_no_numbered_address_is_forgotten():
    """S19"""
    assert {pattern.name for pattern in numbered()} == set(ROWS) | set(ELSEWHERE)
    assert get_resolver().url_patterns


@pytest.mark.parametrize("method", ["get", "post", "head", "put", "patch", "delete"])
@pytest.mark.parametrize("name", ROWS)
def test_a_foreign_number_is_an_unknown_number(name, method, membership, client_for, sandbox):
    """S19: A × B: the same answer to the letter, and nothing is asked of Stripe or changed."""
    owner, other = UserFactory(), UserFactory()
    for person in (owner, other):
        buy(client_for(person), membership)
    row = ROWS[name].objects.get(user=owner)
    before = Subscription.objects.filter(user=owner).values().get()
    sandbox.requests.clear()
    foreign, unknown = (
        getattr(client_for(other), method)(reverse(f"lms_memberships:{name}", args=[pk])) for pk in (row.pk, 999_999)
    )
    assert foreign.status_code == unknown.status_code
    assert foreign.status_code in (404, 405)
    assert _page(foreign, row.pk) == _page(unknown, 999_999)
    assert sandbox.requests.all() == []
    assert Subscription.objects.filter(user=owner).values().get() == before


@pytest.mark.parametrize("name", ROWS)
def test_a_stranger_is_sent_to_sign_in(name, membership, client_for):
    """S19"""
    buy(client_for(UserFactory()), membership)
    address = reverse(f"lms_memberships:{name}", args=[ROWS[name].objects.get().pk])
    for answer in (Client().get(address), Client().post(address)):
        assert answer.status_code == 302
        assert urlsplit(answer["Location"]).path == reverse("account_login")


def test_lists_hold_ones_own_only(membership, client_for):
    """S19"""
    owner, other = UserFactory(), UserFactory()
    buy(client_for(owner), membership)
    browser = client_for(other)
    number = Invoice.objects.get().number
    assert number
    assert number in client_for(owner).get(reverse("lms_memberships:invoices")).content.decode()
    for name in ("account", "invoices"):
        page = browser.get(reverse(f"lms_memberships:{name}")).content.decode()
        assert number not in page
        assert membership.title not in page


def _page(answer, pk: int) -> str:
    """The page without what differs at every visit: the form's token, and its own address in the language switch."""
    page = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", answer.content.decode())
    return page.replace(f"/{pk}/", "/…/")
