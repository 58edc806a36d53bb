"""What can be found out by asking? Foreign ids, unknown people, and questions that are code (S19, S23, S26, S39, S45)."""

import re

import pytest
from django.urls import reverse

from lms_memberships.creator.invoices import views as invoices
from lms_memberships.models import Membership, Subscription
from lms_memberships.portal import cancelling
from tests.factories import MembershipFactory
from tests.faults.sizes import pick

from .asking import outcome
from .matrix import AGAIN, CHOOSER, WIZARD

pytestmark = pytest.mark.django_db

METHODS = ("get", "head", "options", "post", "put", "patch", "delete")
UNKNOWN_ID = 987_654
#: What sqlmap begins with, and what has broken paginators and parsers of dates.
CODE = (
    "'",
    '"',
    "\\",
    "1' OR '1'='1",
    "1) OR (1=1",
    "1; DROP TABLE lms_memberships_membership; --",
    "' UNION SELECT NULL, password FROM auth_user --",
    "1 AND SLEEP(5)",
    "1; SELECT pg_sleep(5) --",
    "title; --",
    "-title,(SELECT 1)",
    "bundle_items__item__title",
    "user__password",
    "pk__in",
    "{{7*7}}",
    "%00",
    "\x00",
    "\ud83d".encode("utf-8", "replace").decode(),
    "9" * 40,
    "-1",
    "1e9",
    "ʼ OR 1=1",
    "٣",
    "9999-12-31",
    "../../etc/passwd",
)
#: One of each sort, those first that have broken something.
SOME = (
    "\x00",
    "9999-12-31",
    "9" * 40,
    "1' OR '1'='1",
    "1; SELECT pg_sleep(5) --",
    "-title,(SELECT 1)",
    "user__password",
)
ASKED = pick(test=SOME, ci=CODE, soak=CODE)
ALONE = pick(test=SOME[:2], ci=CODE[:8:3] + SOME, soak=CODE)
PARAMETERS = {
    f"{WIZARD}:list": ("q", "p", "ordering", "sale", "interval", "export"),
    f"{WIZARD}:list_results": ("q", "p", "ordering", "sale", "interval"),
    f"{WIZARD}:history": ("p", "ordering", "action", "user", "timestamp_from", "timestamp_to", "is_commenting_action"),
    f"{WIZARD}:usage": ("p", "ordering", "describe_on_delete"),
    f"{WIZARD}:step": ("bundle_search", "bundle_page_course", "bundle_page_live_session"),
    f"{CHOOSER}:choose": ("q", "p", "multiple", "locale"),
    f"{CHOOSER}:choose_results": ("q", "p", "locale"),
    f"{CHOOSER}:chosen_multiple": ("id",),
    "lms_memberships:list": ("q", "page"),
    "lms_memberships:invoices": ("page", "ordering"),
    "lms_memberships:done": ("session_id", "n"),
    invoices.LIST: ("q", "p", "ordering", "person", "since", "until", "membership", "status", "currency"),
    invoices.RESULTS: ("q", "p", "ordering", "person", "since", "until", "membership", "status", "currency"),
    invoices.EXPORT: ("q", "person", "since", "until", "membership", "status", "currency"),
    "lms_memberships_email_settings": ("membership",),
    "lms_memberships_person": ("facts", "held", "items", "invoices", "emails"),
    "lms_memberships_person_why": ("q", "at", "item", "items"),
    "lms_memberships_person_link": ("subscription",),
    "lms_memberships_person_merge": ("q", "other", "people"),
    "lms_memberships_attention_stranger": ("q", "people"),
    "lms_memberships_health": ("membership", "p", "light"),
    **{
        f"lms_memberships_{queue}_{part}": ("q", "p", "ordering", "state", "export")
        for queue in AGAIN
        for part in ("list", "results")
    },
}


def arguments(name: str, stage) -> dict[str, object]:
    if name.endswith(":step"):
        return {"pk": stage.draft.pk, "step": "bundle"}
    if name == "lms_memberships_attention_stranger":
        return {"pk": stage.stranger.pk}
    if name.startswith("lms_memberships_person"):
        return {"pk": stage.people["member"].pk}
    if name == invoices.EXPORT:
        return {"kind": "csv"}
    return {"pk": stage.draft.pk} if name.endswith((":history", ":usage")) else {}


@pytest.mark.parametrize("name", PARAMETERS)
def test_code_in_a_parameter_breaks_no_list(stage, name):
    """S45: in each parameter alone and in all at once; Django's own page of an unknown number is a 404."""
    window = stage.window("superuser")
    window.raise_request_exception = False
    before = Membership.objects.count()
    address = reverse(name, kwargs=arguments(name, stage))
    for code in ASKED:
        answer = window.get(address, dict.fromkeys(PARAMETERS[name], code))
        assert answer.status_code in (200, 302, 400, 404), code
    for parameter in PARAMETERS[name]:
        for code in ALONE:
            assert window.get(address, {parameter: code}).status_code in (200, 302, 400, 404), (parameter, code)
    assert Membership.objects.count() == before


def test_no_database_is_asked_for_an_address_that_no_membership_can_have(stage):
    """S45: PostgreSQL knows no NUL, and answers with an error."""
    window = stage.window("anonymous")
    window.raise_request_exception = False
    known = reverse("lms_memberships:detail", args=["an-address"])
    for part in ("", "buy/", "guest/", "gift/", "waiting/", "waiting/stop/"):
        for code in ("%00", "a%00b", "'"):
            assert window.get(known.replace("an-address", code) + part).status_code == 404, (part, code)
    assert window.get(reverse("lms_memberships:embed", args=["x"]).replace("/x/", "/%00/")).status_code == 404


@pytest.mark.parametrize("name", [name for name, asked in PARAMETERS.items() if "export" in asked])
def test_what_has_no_export_answers_with_its_page(stage, name):
    """S45: Wagtail would read all rows, and send a file in which no column is named."""
    for kind in ("csv", "xlsx"):
        answer = stage.window("superuser").get(reverse(name), {"export": kind})
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("text/html")


def test_lists_are_ordered_by_named_columns_only(stage):
    """S45: any other word leaves the order as it was; the control is a column that may be named."""
    MembershipFactory(title="Zzz", interval="year")
    MembershipFactory(title="Aaa", interval="month")
    window = stage.window("superuser")

    def order(by: str) -> list[int]:
        return [row.pk for row in window.get(reverse(f"{WIZARD}:list"), {"ordering": by}).context["object_list"]]

    usual = order("")
    for by in ("description", "-price_amount", "first_published_at", "revisions__user__password", "uuid", "?", "0"):
        assert order(by) == usual, by
    assert order("title") != order("-title")


# --- Foreign ids -----------------------------------------------------------------------------------------------------


def answers(window, name: str, pk: int) -> list[tuple]:
    """What every method says of an id, without the id itself."""
    found = []
    for method in METHODS:
        answer = getattr(window, method)(reverse(f"lms_memberships:{name}", args=[pk]))
        left_out = ("Expires", "Content-Length")
        headers = {key: _without(value, pk) for key, value in answer.headers.items() if key not in left_out}
        found.append((method, answer.status_code, sorted(headers.items()), _without(answer.content.decode(), pk)))
    return found


def _without(page: str, pk: object) -> str:
    return re.sub(r'value="\w{64}"', "", page).replace(f"/{pk}/", "/-/")


@pytest.mark.parametrize("name", ["cancel", "resume", "stay", "withdraw", "pause", "continue", "invoice"])
@pytest.mark.parametrize("role", ["anonymous", "student", "member", "ex-member", "superuser"])
def test_a_foreign_id_is_answered_as_one_that_does_not_exist(stage, name, role):
    """S19, S39: A×B, every route with an object of somebody's, every method, byte for byte."""
    theirs = stage.past if role == "member" else stage.subscription
    pk = theirs.invoices.get().pk if name == "invoice" else theirs.pk
    window = stage.window(role)
    assert answers(window, name, pk) == answers(window, name, UNKNOWN_ID)
    if role == "student":
        assert {status for _method, status, *_rest in answers(window, name, pk)} <= {404, 405}


def test_without_whose_it_is_the_answers_differ(stage, monkeypatch):
    """S19, negative control"""
    monkeypatch.setattr(cancelling, "_mine", lambda request: Subscription.objects.all())
    window = stage.window("student")
    assert answers(window, "cancel", stage.subscription.pk) != answers(window, "cancel", UNKNOWN_ID)


def test_a_strangers_answers_tell_nothing_of_drafts(stage):
    """S26, S39: a draft's page and button are those of a name that nobody has; the control is what is on sale."""
    window = stage.window("anonymous")
    for name in ("detail", "buy"):
        pages = {}
        for slug in (stage.draft.slug, "no-such-thing", stage.membership.slug):
            answer = window.get(reverse(f"lms_memberships:{name}", args=[slug]))
            pages[slug] = (
                answer.status_code,
                _without(answer.content.decode(), slug).replace(slug, "-"),
                answer.get("Location", "").replace(slug, "-"),
            )
        assert pages[stage.draft.slug] == pages["no-such-thing"]
        if name == "detail":
            assert pages[stage.membership.slug] != pages["no-such-thing"]


def test_another_persons_purchase_is_unknown(stage, gateway, client_for, sandbox):
    """S23: the way back from Stripe, with somebody else's session, is that of one that never was."""
    from lms_memberships.models import Checkout
    from tests.flows.steps import buy

    buy(stage.window("student"), stage.membership)
    session = Checkout.objects.get(user=stage.people["student"]).session_id
    own = stage.window("student").get(reverse("lms_memberships:done"), {"session_id": session})
    assert stage.membership.title in own.content.decode(), "the control: its owner reads of it"
    window = stage.window("ex-member")
    pages = [
        window.get(reverse("lms_memberships:done"), {"session_id": each}) for each in (session, "cs_test_never_was")
    ]
    assert [outcome(page) for page in pages] == ["done", "done"]
    first, second = (re.sub(r"cs_\w+", "-", _without(page.content.decode(), "")) for page in pages)
    assert first == second
    assert stage.membership.title not in first


def test_a_shared_password_is_never_the_gate():
    """S49: no line of ours makes one of Wagtail's password restrictions."""
    from pathlib import Path

    import lms_memberships

    files = list(Path(lms_memberships.__file__).parent.rglob("*.py"))
    assert len(files) > 100
    forbidden = re.compile(r"restriction_type\s*=\s*[\"']password|PageViewRestriction\.PASSWORD|PASSWORD_RESTRICTION")
    assert [path.name for path in files if forbidden.search(path.read_text(encoding="utf-8"))] == []
    assert forbidden.search('PageViewRestriction(restriction_type="password")'), "the control"
