"""Does every e-mail say the right thing, in both languages, with clean headers?"""

import re

import pytest
from django.utils import timezone

from lms_memberships.emails import rendering
from lms_memberships.emails.catalogue import CATALOGUE, Audience, EmailKind
from lms_memberships.emails.models import Email
from tests.emails.conftest import DISPUTES, REFUNDS, said_of

pytestmark = pytest.mark.django_db

ABOUT_INVOICES = {EmailKind.PAYMENT_SUCCEEDED, EmailKind.PAYMENT_FAILED, EmailKind.PAYMENT_MISSING}

#: The link at the foot; a mail may lead to a page below it besides.
ACCOUNT = re.compile(r"http://testserver/memberships/account/(?=\s|$)")


@pytest.fixture
def message(subscription, invoice, parked, true_for):
    def render(kind: EmailKind, language: str = "en"):
        now = timezone.now()
        if kind.startswith("gift_") or kind in {EmailKind.PRICE_CHANGE, EmailKind.WITHDRAWN, *REFUNDS, *DISPUTES}:
            true_for(kind.value)
        email = Email(
            key=f"{kind}:{language}",
            kind=kind.value,
            recipient=subscription.user.email,
            language=language,
            user=subscription.user,
            membership=subscription.membership,
            subscription=subscription,
            invoice=invoice if kind in ABOUT_INVOICES else None,
            owed_at=now,
            next_try_at=now,
            context=said_of(kind),
        )
        email.pk = 1
        email.invoice_id = invoice.pk if kind in ABOUT_INVOICES else None
        return rendering.message_for(email, now=now)

    return render


@pytest.mark.parametrize("kind", list(EmailKind))
@pytest.mark.parametrize("language", ["en", "fr"])
def test_each_email_has_text_and_html_that_name_the_membership(message, kind, language):
    """U32, U33, U34, U35, U36, U37, U38, U39, X26."""
    built = message(kind, language)
    html, mimetype = built.alternatives[0]
    assert mimetype == "text/html"
    for body in (built.subject + built.body, html):
        assert "Studio pass" in body
        assert "{{" not in body
        assert "{%" not in body
        # "9:27 a.m." ends with its own dot.
        assert ".." not in body.replace("...", "")
    assert f'lang="{language}"' in html
    is_for_student = CATALOGUE[kind].audience is Audience.STUDENT
    assert (len(ACCOUNT.findall(built.body)) == 1) is is_for_student
    # No third party is told that the mail was opened.
    assert set(re.findall(r"https?://[^/\"\s]+", html)) <= {"http://testserver"}


@pytest.mark.parametrize("kind", list(EmailKind))
def test_french_is_not_english(message, kind):
    """X26: a mail whose translation is missing would read the same."""
    english, french = message(kind, "en"), message(kind, "fr")
    assert english.subject != french.subject
    assert english.body != french.body


def test_amounts_are_written_as_the_reader_writes_them(message):
    """X26, H1."""
    assert "€19.00" in message(EmailKind.PAYMENT_SUCCEEDED, "en").body
    assert re.search("19,00\\s€", message(EmailKind.PAYMENT_SUCCEEDED, "fr").body)


@pytest.mark.parametrize("evil", ["a\r\nBcc: eve@evil.test", "a\u2028Bcc: x", "a\x00b", "=?utf-8?q?x?=", "x" * 10_000])
@pytest.mark.parametrize("field", ["title", "first_name"])
def test_no_name_can_add_a_header(message, subscription, evil, field):
    """S16: one line, capped, for every kind, whatever a name holds."""
    if field == "title":
        subscription.membership.title = evil
    else:
        subscription.user.first_name = evil
    for kind in CATALOGUE:
        built = message(kind)
        assert not re.search(r"[\r\n\u2028\x00]", built.subject)
        assert len(built.subject) <= rendering.LONGEST_SUBJECT
        parsed = built.message()
        assert "Bcc" not in parsed
        assert list(parsed.keys()).count("Subject") == 1


def test_an_address_with_a_second_header_is_refused():
    """S16."""
    for evil in ("a@b.test\r\nBcc: eve@evil.test", "a@b.test, eve@evil.test"):
        with pytest.raises(ValueError, match="is not one address"):
            rendering.address(evil)
