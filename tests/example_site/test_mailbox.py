"""Does the demo show the mail that was sent, harmlessly, and nowhere but in the demo?"""

import pytest
from django.core.mail import EmailMultiAlternatives, send_mail
from django.core.mail.message import BadHeaderError
from django.db import connection
from django.test import Client
from django.urls import reverse

from example_site.models import SentMail
from example_site.views.mailbox import PER_PAGE

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_the_demo")]


@pytest.fixture(autouse=True)
def mailbox(settings) -> None:
    settings.EMAIL_BACKEND = "example_site.mail_backend.MailboxBackend"


def _send(subject: str = "Welcome", *, html: str = "<p>Hello <b>Ada</b></p>") -> SentMail:
    message = EmailMultiAlternatives(subject, "Hello Ada", "school@school.test", ["ada@school.test"])
    message.attach_alternative(html, "text/html")
    message.send()
    return SentMail.objects.latest("pk")


def test_a_mail_keeps_both_parts_and_its_headers():
    mail = _send()
    assert (mail.text, mail.html) == ("Hello Ada", "<p>Hello <b>Ada</b></p>")
    assert mail.recipients == "ada@school.test"
    assert mail.headers["Subject"] == "Welcome"


def test_a_subject_with_a_line_break_is_refused_as_a_real_server_would():
    with pytest.raises(BadHeaderError):
        _send("Welcome\nBcc: everybody@school.test")
    assert not SentMail.objects.exists()


def test_a_mail_to_nobody_is_not_sent():
    assert send_mail("Nobody", "text", None, []) == 0


def test_the_list_searches_and_pages():
    for number in range(PER_PAGE + 1):
        _send(f"Message {number:02}")
    _send("Invoice")
    first = Client().get(reverse("mailbox")).content.decode()
    assert "Invoice" in first
    assert "Message 00" not in first
    assert "Message 00" in Client().get(reverse("mailbox"), {"page": 2}).content.decode()
    found = Client().get(reverse("mailbox"), {"q": "invoice"}).content.decode()
    assert "Invoice" in found
    assert "Message 01" not in found


def test_the_list_costs_the_same_at_any_length(django_assert_num_queries):
    for _number in range(5):
        _send()
    # And the savepoint of a site that wraps its requests.
    with django_assert_num_queries(4 + 2 * connection.settings_dict["ATOMIC_REQUESTS"]):
        Client().get(reverse("mailbox"))


def test_the_html_part_can_only_be_looked_at():
    mail = _send(html="<script>alert(1)</script><p>Hi</p>")
    response = Client().get(reverse("mail_html", args=[mail.pk]))
    policy = response.headers["Content-Security-Policy"]
    assert "sandbox" in policy
    assert "default-src 'none'" in policy
    assert "allow-scripts" not in policy
    page = Client().get(reverse("mail", args=[mail.pk])).content.decode()
    assert "<script>alert" not in page
    assert 'sandbox="allow-popups"' in page


@pytest.mark.parametrize("name", ["demo", "mailbox"])
def test_outside_the_demo_there_is_no_such_place(name, settings):
    settings.DEMO = False
    assert Client().get(reverse(name)).status_code == 404


def test_outside_the_demo_nobody_reads_a_mail(settings):
    mail = _send()
    settings.DEMO = False
    assert Client().get(reverse("mail", args=[mail.pk])).status_code == 404
    assert Client().get(reverse("mail_html", args=[mail.pk])).status_code == 404
