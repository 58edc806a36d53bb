"""What does the page of one person say, to whom, and at what cost? And why can, or can't, they open something? (X20, X1)"""

from datetime import timedelta

import pytest
from django.contrib.auth.models import AbstractUser
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from wagtail.models import ModelLogEntry
from wagtail_lms.models import CourseEnrollment, SCORMAttempt, SCORMLessonPage, SCORMPackage

from lms_memberships.creator.person.dates import minute
from lms_memberships.emails import outbox
from lms_memberships.models import Customer, Deed, Email, Gift, Invoice, Item, Subscription
from tests.access import school
from tests.factories import UserFactory, allow
from tests.flows.desk import ALL, helper, press, read, url
from tests.flows.steps import buy

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client_for):
    return client_for(helper())


@pytest.fixture
def held(membership, student, now) -> Subscription:
    return holding(student, membership, now)


def holding(user, membership, now, *, number: int = 1, **columns: object) -> Subscription:
    values = {
        "status": "active", "started_at": now, "opened_at": now, "account": "acct_sandbox", "amount": 1900,
        "access_until": now + timedelta(days=30), "period_end": now + timedelta(days=30), "currency": "eur",
        "interval": "month", "stripe_id": f"sub_{user.pk}_{number}", "price": membership.prices.first(),
    }  # fmt: skip
    return Subscription.objects.create(user=user, membership=membership, **{**values, **columns})


def invoice(row: Subscription, number: int = 1, **columns: object) -> Invoice:
    values = {
        "status": "paid", "currency": "eur", "total": 1900, "amount_paid": 1900, "amount_due": 0,
        "created_at": row.started_at, "paid_at": row.started_at, "read_started_at": row.started_at,
        "stripe_id": f"in_{row.user_id}_{row.pk}_{number}", "number": f"A-{number}", "account": "acct_sandbox",
    }  # fmt: skip
    return Invoice.objects.create(user=row.user, membership=row.membership, subscription=row, **{**values, **columns})


def email(row: Subscription, number: int = 1, **columns: object) -> Email:
    now = timezone.now()
    values = {
        "key": f"{row.pk}:{number}", "kind": "bought", "recipient": row.user.email, "language": "en", "state": "sent",
        "owed_at": now, "next_try_at": now, "sent_at": now, "context": {"title": "Studio pass"},
    }  # fmt: skip
    values |= {"user": row.user, "membership": row.membership, "subscription": row}
    return Email.objects.create(**{**values, **columns})


# ------------------------------------------------------------------ who sees it


def test_only_whoever_may_see_people_sees_one(client_for, student, held):
    """X24"""
    nobody = client_for(allow(UserFactory(), *(set(ALL) - {"view_subscription"})))
    assert nobody.get(url("", student)).status_code == 302
    assert client_for(allow(UserFactory(), "view_subscription")).get(url("", student)).status_code == 200


@pytest.mark.parametrize(
    ("without", "words"),
    [
        ("view_invoice", "A-1"),
        ("view_email", "E-mail: "),
        ("give_access", "Give access"),
        ("end_subscription", "Revoke access"),
        ("link_subscription", "Link a subscription"),
        ("merge_accounts", "Merge with another account"),
        ("send_again_email", "Send again"),
    ],
)
def test_each_part_and_each_button_needs_its_own_permission(client_for, student, held, without, words):
    """X24: neither shown nor told in the timeline."""
    invoice(held)
    email(held)
    assert words in read(client_for(helper()), "", student)
    assert words not in read(client_for(helper(without)), "", student)


def test_the_way_to_a_refund_is_for_those_who_may(client_for, student, membership, now):
    """X13, X24: of an invoice that a payment of Stripe's has paid, and of what was paid once."""
    held = holding(student, membership, now, stripe_id="pi_once", is_recurring=False)
    paid = invoice(held, payment_intent_id="pi_paid")
    elsewhere = invoice(held, 2)
    ways = reverse("lms_memberships_refund", args=[paid.pk]), reverse("lms_memberships_refund_purchase", args=[held.pk])
    page = client_for(allow(helper(), "refund_invoice")).get(url("", student)).content.decode()
    assert all(way in page for way in ways)
    assert reverse("lms_memberships_refund", args=[elsewhere.pk]) not in page, "no payment of Stripe's stands behind it"
    page = client_for(helper()).get(url("", student)).content.decode()
    assert not any(way in page for way in ways)


def test_an_unknown_person_and_anothers_subscription_are_equally_unknown(desk, student, held):
    """S19, IDOR: by either number, for every deed."""
    other = UserFactory()
    assert desk.get(url("", UserFactory.build(pk=999_999))).status_code == 404
    for what in ("trial", "take_back", "cancel", "keep", "end", "revoke"):
        for person, row in ((other, held.pk), (student, 999_999)):
            for method in (desk.get, desk.post):
                assert method(url(what, person, row)).status_code == 404, what
    paid, mail = invoice(held), email(held)
    for what, pk in (("invoice", paid.pk), ("invoice_pdf", paid.pk)):
        assert desk.get(url(what, other, pk)).status_code == desk.get(url(what, student, 999_999)).status_code == 404
    assert desk.post(url("send_again", other, mail.pk)).status_code == 404


# ------------------------------------------------------------------ what it says


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({}, "Next payment: €19.00 per month on"),
        ({"is_reduced": True}, "Next payment: €19.00 per month, less a discount or credit on"),
        (
            {"collection_paused": "keep_as_draft"},
            "Payments paused It stays open, and nothing is charged at the moment.",
        ),
        ({"collection_paused": "void", "void_from": timezone.now()}, "Payments paused Open until"),
        ({"status": "trialing", "has_card": True, "trial_end": timezone.now()}, "then €19.00 per month is charged"),
        ({"status": "trialing", "trial_end": timezone.now()}, "without a card it ends then"),
        ({"cancel_at": timezone.now() + timedelta(days=9)}, "nothing more is charged"),
        ({"status": "past_due"}, "Not paid: €19.00 per month. Open until"),
        ({"status": "unpaid", "access_until": timezone.now()}, "Access is closed since"),
        ({"status": "paused", "access_until": None}, "Paused"),
        ({"status": "canceled", "access_until": timezone.now()}, "Ended on"),
        ({"status": "incomplete_expired", "access_until": None}, "The first payment never came"),
        ({"status": "incomplete", "access_until": None, "opened_at": None}, "nothing is open yet"),
        ({"revoked_at": timezone.now(), "access_until": timezone.now()}, "Stripe has not confirmed yet"),
        ({"origin": "given", "is_recurring": False, "stripe_id": ""}, "Given Open until"),
        ({"origin": "gift", "is_recurring": False, "stripe_id": ""}, "Gift Open until"),
        ({"flag": "unknown_price"}, "pays a price that its membership does not have"),
        ({"flag": "unknown_price"}, "What is paid next is not known here."),
        ({"flag": "no_place"}, "It was paid when no place was left"),
    ],
)
def test_a_subscription_in_words(desk, student, membership, now, columns, words):
    """X20: status, next date and amount, and what somebody has to look at."""
    holding(student, membership, now, **columns)
    assert words in read(desk, "", student)


def test_without_full_names_the_page_has_the_user_name(desk, student, held, monkeypatch):
    """X20: a site's own user model knows of no full name: ``AbstractBaseUser`` has none."""
    monkeypatch.delattr(AbstractUser, "get_full_name")
    assert not hasattr(student, "get_full_name")
    for what, more in (("", ()), ("why", ()), ("give", ()), ("merge", ()), ("cancel", (held.pk,))):
        assert student.username in read(desk, what, student, *more), what
    assert "person" in read(desk, "merge", student, q=UserFactory().username)


def test_the_head_names_the_person_and_their_customers(desk, student, held):
    Customer.objects.create(user=student, stripe_id="cus_ada", account="acct_sandbox", livemode=False)
    page = desk.get(url("", student)).content.decode()
    shown = read(desk, "", student)
    for words in ("Ada Lind", "student@school.test", "Joined", "cus_ada"):
        assert words in shown
    assert "https://dashboard.stripe.com/test/customers/cus_ada" in page
    assert "https://dashboard.stripe.com/test/subscriptions/" in page


def test_somebody_who_holds_nothing_has_a_page_too(desk):
    """So that access can be given to them."""
    shown = read(desk, "", UserFactory())
    assert "They hold nothing" in shown
    assert "Give access" in shown


def test_the_timeline_tells_everything_newest_first_and_page_by_page(desk, student, membership, held, now):
    """X20"""
    invoice(held)
    email(held)
    Gift.objects.create(
        giver=student, membership=membership, price_id="price_g", months=3, amount=4900, currency="eur",
        deliver_on=now.date(), state="delivered", created_at=now, paid_at=now - timedelta(days=3),
    )  # fmt: skip
    press(desk, "give", student, membership=membership.pk, reason="A thank you")
    shown = read(desk, "", student)
    for words in (
        "“Studio pass”: begun (bought)",
        "“Studio pass”: invoice of €19.00",
        "“Studio pass”: €19.00 paid",
        "E-mail: ",
        "Paid for a gift: “Studio pass”",
        "access given",
        "A thank you",
    ):
        assert words in shown, words
    lines = shown.partition("What happened")[2]
    assert lines.index("access given") < lines.index("Paid for a gift")
    for number in range(2, 32):
        invoice(held, number, created_at=now - timedelta(days=40), paid_at=None)
    first, second = read(desk, "", student), read(desk, "", student, facts=2)
    assert "Older" in first
    assert "Paid for a gift" in first
    assert "Paid for a gift" not in second.partition("What happened")[2].partition("Progress")[0]
    assert desk.get(url("", student), {"facts": "x", "invoices": "-1", "emails": "9" * 30}).status_code == 200


def test_the_queries_do_not_grow(desk, student, membership, held, now):
    """X20: with one of each, and with twenty."""
    fill(student, membership, held, now, range(1, 2))
    desk.get(url("", student))
    counts = []
    for numbers in (range(2, 3), range(3, 23)):
        fill(student, membership, held, now, numbers)
        with CaptureQueriesContext(connection) as captured:
            desk.get(url("", student))
        counts.append(len(captured))
    # Fewer where one table fills the page of what happened.
    assert counts[1] <= counts[0] < 30


def fill(student, membership, held, now, numbers) -> None:
    for number in numbers:
        row = holding(student, membership, now, number=100 + number)
        invoice(held, number)
        email(row, number)
        Deed.objects.create(
            key=f"00000000-0000-0000-0000-{number:012d}", kind="gave", user=student, by=UserFactory(), reason="r",
            subscription=row, done_at=now, settled_at=now,
        )  # fmt: skip


def test_progress_in_the_bundled_courses(desk, student, now):
    """X20: from the courses' own system, in the same queries for one course and for many."""
    package = SCORMPackage.objects.create(title="P", extracted_path="p", launch_url="index.html")
    courses = [school.course(title) for title in ("Clay", "Glaze", "Kiln")]
    for course in courses:
        for title in ("One", "Two"):
            course.add_child(instance=SCORMLessonPage(title=title, scorm_package=package))
    gold = school.sold(*courses, title="Gold", now=now)
    school.subscribe(student, gold, until=now + timedelta(days=9))
    CourseEnrollment.objects.create(user=student, course=courses[0])
    assert "Clay" in read(desk, "", student)
    assert "0 of 2" in read(desk, "", student)
    SCORMAttempt.objects.create(user=student, scorm_package=package, completion_status="completed")
    assert "2 of 2" in read(desk, "", student)
    counts = []
    for course in courses[1:]:
        CourseEnrollment.objects.create(user=student, course=course)
        with CaptureQueriesContext(connection) as captured:
            desk.get(url("", student))
        counts.append(len(captured))
    assert counts[0] == counts[1]


# ------------------------------------------------------------------ papers and mails


def test_an_invoice_is_fetched_when_it_is_asked_for(client_for, student, membership, postman, sandbox):
    """S19, W27: after the permission check, from Stripe; the address is stored nowhere."""
    buy(client_for(student), membership)
    postman.deliver()
    paid = Invoice.objects.get()
    desk = client_for(helper())
    page = desk.get(url("invoice", student, paid.pk))
    assert page.status_code == 302
    assert page["Location"].startswith(sandbox.url)
    pdf = desk.get(url("invoice_pdf", student, paid.pk))
    assert "pdf" in pdf["Location"]
    assert page["Location"] not in desk.get(url("", student)).content.decode()
    nobody = client_for(helper("view_invoice"))
    sandbox.requests.clear()
    assert nobody.get(url("invoice", student, paid.pk))["Location"] == reverse("wagtailadmin_home")
    Invoice.objects.update(account="acct_other")
    answer = desk.get(url("invoice", student, paid.pk), follow=True)
    assert "another Stripe account" in answer.content.decode()


@pytest.mark.parametrize("state", ["failed", "sent"])
def test_a_mail_is_sent_again_once(desk, student, held, state, mailoutbox):
    """X20, F1: also one that arrived nowhere; two presses are one."""
    row = email(held, state=state, failure="no such user" if state == "failed" else "")
    page = desk.get(url("", student)).content.decode()
    assert url("send_again", student, row.pk) in page
    seen = {"sent_at": row.sent_at.isoformat()}
    assert desk.get(url("send_again", student, row.pk)).status_code == 405
    desk.post(url("send_again", student, row.pk), seen)
    row.refresh_from_db()
    assert row.state == "owed"
    outbox.deliver_due(now=timezone.now())
    assert len(mailoutbox) == 1
    answer = desk.post(url("send_again", student, row.pk), seen, follow=True)
    assert "nothing left to send again" in answer.content.decode()
    assert outbox.deliver_due(now=timezone.now()) == 0


def test_that_a_mail_was_sent_again_stands_in_the_history(desk, client_for, student, held):
    """X24, X20: who, and what had become of it before, which the row does not say any more. Two presses are one line."""
    row = email(held)
    for _again in range(2):
        desk.post(url("send_again", student, row.pk), {"sent_at": row.sent_at.isoformat()})
    (entry,) = ModelLogEntry.objects.for_instance(student).filter(action="lms_memberships.email_sent_again")
    assert entry.user.has_perm("lms_memberships.send_again_email")
    assert f"was sent again. Before: sent {minute(row.sent_at)}" in entry.message
    assert entry.message in read(desk, "", student)
    assert "was sent again" not in read(client_for(helper("view_email")), "", student)


def test_a_mail_whose_words_are_gone_is_not_sent_again(desk, student, held):
    """E11: after three months only that it was sent is known."""
    row = email(held, context={})
    desk.post(url("send_again", student, row.pk), {"sent_at": row.sent_at.isoformat()})
    row.refresh_from_db()
    assert row.state == "sent"


# ------------------------------------------------------------------ why


def why(desk, person, item: Item, **query: object) -> str:
    return read(desk, "why", person, item=item.pk, **query)


def test_why_they_can_and_why_they_cannot(desk, student, held, live_session, capsys):
    """X1: one sentence, and the same words as on the command line."""
    item = Item.objects.get(object_id=str(live_session.pk))
    shown = why(desk, student, item)
    call_command("memberships_why", student.username, str(item.pk))
    assert capsys.readouterr().out.strip().partition(": yes. ")[2] in shown
    assert "Yes." in shown
    other = UserFactory()
    refused = why(desk, other, item)
    assert "No." in refused
    with pytest.raises(SystemExit):
        call_command("memberships_why", other.username, str(item.pk))
    assert capsys.readouterr().out.strip().partition(": no. ")[2] in refused


def test_why_on_another_day_in_the_zone_of_the_site(desk, student, held, live_session, settings):
    """X1: to the minute, wherever whoever asks may sit."""
    settings.TIME_ZONE = "America/New_York"
    item = Item.objects.get(object_id=str(live_session.pk))
    end = timezone.localtime(held.access_until, timezone.get_default_timezone())
    before, after = (end + timedelta(minutes=minutes) for minutes in (-2, 2))
    assert "Yes." in why(desk, student, item, at=f"{before:%Y-%m-%dT%H:%M}")
    shown = why(desk, student, item, at=f"{after:%Y-%m-%dT%H:%M}")
    assert "No." in shown
    assert "ended on" in shown
    utc = timezone.localtime(held.access_until, timezone.get_fixed_timezone(0))
    assert "No." in why(desk, student, item, at=f"{utc:%Y-%m-%dT%H:%M}"), "there it is four hours later"


def test_things_are_searched_and_paged(desk, student, membership):
    first = Item.objects.first()
    for number in range(25):
        Item.objects.create(
            content_type=first.content_type, object_id=f"{10_000 + number}", kind=first.kind, title=f"Thing {number:02}"
        )
    shown = read(desk, "why", student, q="thing")
    assert "Thing 00" in shown
    assert "Thing 24" not in shown
    assert "Thing 24" in read(desk, "why", student, q="thing", items=2)
    assert "Nothing is called like that" in read(desk, "why", student, q="zzz")
    for wrong in ("x", "-1", "9" * 40, "999999"):
        assert "Yes." not in read(desk, "why", student, item=wrong)
    assert "Enter a valid date" in read(desk, "why", student, item=first.pk, at="tomorrow")


def test_asking_writes_nothing_and_costs_the_same_for_many_things(desk, student, held, live_session):
    item = Item.objects.get(object_id=str(live_session.pk))
    why(desk, student, item)
    counts = []
    for number in (0, 15):
        for each in range(number):
            Item.objects.create(content_type=item.content_type, object_id=f"9{each}", kind=item.kind, title=f"T{each}")
        with CaptureQueriesContext(connection) as captured:
            why(desk, student, item)
        written = [each for each in captured if each["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
        assert not [each for each in written if "lms_memberships_sign" not in each["sql"]]
        counts.append(len(captured))
    assert counts[0] == counts[1]
