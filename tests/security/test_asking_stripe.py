"""Can one person use up what Stripe answers the whole site? Every view that asks it counts who presses (S37)."""

import ast
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.urls import reverse

import lms_memberships
from lms_memberships import asking, clock
from lms_memberships.memberships import guesses
from lms_memberships.models import Departure, GuessTally, Subscription
from tests.factories import MembershipFactory, put_into
from tests.flows.steps import buy, press_join, text
from tests.hosted import pay
from tests.wizard.conftest import Wizard

from .asking import ask
from .matrix import MATRIX
from .test_matrix import address, undone
from .urls import our_addresses

ROOT = Path(lms_memberships.__file__).parent
INTERFACES = ("portal", "creator", "wizard", "integrations", "templatetags")
#: Whoever names one of these is on the way to Stripe.
ASKERS = {"get_gateway", "get_background_gateway", "connect.refresh", "stripe_look.ask", "repair"}
#: Where the count is asked for in the body, or nobody is signed in; each with its reason.
OTHERWISE = {
    "portal.cancelling.cancel": "never refused: without a count left it is noted, and the job tells Stripe",
    "portal.cancelling_by_link.cancel_by_link": "the same, and whoever has the link need not be signed in",
    "portal.withdrawing.withdraw": "never refused, as a cancellation",
    "portal.withdrawing.withdraw_gift": "never refused, as a cancellation",
    "portal.withdrawing_by_link.withdraw_as_guest": "the same; whoever has the link has no account, and it works once",
    "portal.leaving.leave": "never refused: it waits for the job",
    "portal.guests.buy_as_guest": "nobody is signed in: pages at Stripe are counted (S38), and so are codes (S36)",
    "portal.guests.guest_done": "asks ``may_ask``, and shows what is known",
    "creator.attention.claiming.claim": "asks ``may_ask``, and is searched by hand",
    "wizard.views.StepEditView": "says it beside the button that publishes",
}


# --- Every view is written so ----------------------------------------------------------------------------------------


class Reading:
    """Which functions and classes of the interfaces name which others, and which views stand in the URLconf."""

    def __init__(self, folder: Path) -> None:
        self.names: dict[str, set[str]] = {}
        self.marked: set[str] = set()
        for package in INTERFACES:
            for path in sorted((folder / package).rglob("*.py")):
                self._read(".".join(path.relative_to(folder).with_suffix("").parts), ast.parse(path.read_text()))

    def _read(self, module: str, tree: ast.Module) -> None:
        inside = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        known = {name: f"{module}.{name}" for name in inside}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.level:
                base = module.split(".")[: -node.level]
                for each in node.names:
                    known[each.asname or each.name] = ".".join(
                        [*base, *([node.module] if node.module else []), each.name]
                    )
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                self._note(f"{module}.{node.name}", node, known)

    def _note(self, name: str, node: ast.FunctionDef | ast.ClassDef, known: dict[str, str]) -> None:
        found = set()
        # An argument that is called as a view of the module is not that view.
        own = {each.arg for each in ast.walk(node) if isinstance(each, ast.arg)}
        own |= {each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}
        for each in ast.walk(node):
            if isinstance(each, ast.Name) and each.id not in own:
                found |= {known.get(each.id, each.id), each.id}
            elif isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name):
                above = known.get(each.value.id, each.value.id)
                found |= {f"{above}.{each.attr}", f"{each.value.id}.{each.attr}", each.attr}
        self.names[name] = found
        decorators = " ".join(ast.unparse(each) for each in node.decorator_list)
        if "asks_stripe(" in decorators:
            self.marked.add(name)

    def reached(self, name: str) -> Iterator[str]:
        """All that it names, and what those name."""
        seen, waiting = {name}, [name]
        while waiting:
            for each in self.names.get(waiting.pop(), ()):
                yield each
                if each in self.names and each not in seen:
                    seen.add(each)
                    waiting.append(each)

    def asks(self, name: str) -> bool:
        return not ASKERS.isdisjoint(self.reached(name))

    def is_counted(self, name: str) -> bool:
        """Itself, or a class above it that was named for that alone."""
        bases = {
            each for each in self.names.get(name, ()) if each in self.marked and each.rpartition(".")[2][0].isupper()
        }
        return name in self.marked or bool(bases)


def views_that_ask(reading: Reading) -> set[str]:
    """Of the addresses of ours, those whose view may come to Stripe."""
    return {each.view for each in our_addresses().values() if each.view in reading.names and reading.asks(each.view)}


def test_every_view_that_asks_stripe_counts_who_presses():
    """S37: read from the code, so that a view of tomorrow is in it. Those without the mark have a reason."""
    reading = Reading(ROOT)
    asking_views = views_that_ask(reading)
    assert len(asking_views) > 45
    assert {each for each in asking_views if not reading.is_counted(each)} == OTHERWISE.keys()


def test_no_mark_stands_where_stripe_is_not_asked():
    """S37: pages that ask nobody pay nothing."""
    reading = Reading(ROOT)
    below = {
        base: name for name, named in reading.names.items() for base in named & reading.marked if reading.asks(name)
    }
    assert {each for each in reading.marked if not reading.asks(each) and each not in below} == set()


def test_a_view_without_the_mark_is_found(tmp_path):
    """S37, negative control: the same code without one mark, and without one of a class."""
    for package in INTERFACES:
        for path in (ROOT / package).rglob("*.py"):
            copy = tmp_path / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            text = path.read_text()
            if path.name in {"comparing.py", "ending.py"}:
                assert "asks_stripe(" in text
                text = text.replace("asks_stripe(", "wraps(")
            copy.write_text(text)
    reading = Reading(tmp_path)
    bare = {each for each in views_that_ask(reading) if not reading.is_counted(each)} - OTHERWISE.keys()
    assert "creator.invoices.comparing.compare" in bare
    assert "creator.person.ending.EndPage" in bare


# --- And does so over HTTP -------------------------------------------------------------------------------------------


def use_up(*people) -> None:
    for person in people:
        now = clock.wall_time()
        while guesses.take(asking.KIND, str(person.pk), guesses.Limit(3, asking.A_MINUTE), now):
            pass


@pytest.fixture
def pressed(settings):
    settings.LMS_MEMBERSHIPS_STRIPE_PRESSES_PER_PERSON_A_MINUTE = 3
    return use_up


MEMBER, STAFF = "member", "superuser"
#: Asked by whoever looks, at most once in ten minutes for everybody together.
FOR_ALL = {"lms_memberships_stripe_settings"}


def asked_at_stripe(stage, sandbox, method: str, names: Iterable[str]) -> set[str]:
    """Those where Stripe is asked: in the portal for a member, in the admin for somebody who may do everything."""
    found, windows = set(), {role: stage.window(role) for role in (MEMBER, STAFF)}
    for name in names:
        window = windows[STAFF if not name.startswith("lms_memberships:") else MEMBER]
        sandbox.requests.clear()
        with undone():
            ask(window, method, address(name, MATRIX[name], stage))
        if sandbox.requests.all():
            found.add(name)
    return found


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_who_has_pressed_too_often_has_nothing_asked_anywhere(stage, sandbox, pressed, method):
    """S37: every address with a view of ours, whether it has the mark or not."""
    pressed(stage.people[MEMBER], stage.people[STAFF])
    ours = {name for name, each in our_addresses().items() if each.module.startswith("lms_memberships.")} - FOR_ALL
    assert len(ours) > 100
    assert asked_at_stripe(stage, sandbox, method, ours) == set()


@pytest.mark.django_db
@pytest.mark.parametrize(("method", "least"), [("GET", 8), ("POST", 10)])
def test_control_without_the_limit_they_are_asked(stage, sandbox, pressed, settings, method, least):
    """S37, negative control: the same people, and no limit."""
    pressed(stage.people[MEMBER], stage.people[STAFF])
    settings.LMS_MEMBERSHIPS_STRIPE_PRESSES_PER_PERSON_A_MINUTE = 0
    marked = Reading(ROOT).marked
    counted = [name for name, each in our_addresses().items() if each.view in marked]
    assert len(asked_at_stripe(stage, sandbox, method, counted)) >= least


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "role", "method", "words"),
    [
        ("lms_memberships:invoice_pdf", "member", "GET", "Please wait a minute, then try again."),
        ("lms_memberships:portal", "member", "POST", "My memberships"),
        ("lms_memberships_invoices_compare", "superuser", "POST", "Please wait a minute, then try again."),
    ],
)
def test_the_page_says_so_and_when_to_try_again(stage, pressed, name, role, method, words):
    """S37: 429 with Retry-After, in the site's words, kept by no cache."""
    pressed(stage.people[role])
    answer = ask(stage.window(role), method, address(name, MATRIX[name], stage))
    assert (answer.status_code, answer["Retry-After"]) == (429, "60")
    assert "no-store" in answer["Cache-Control"]
    assert words in answer.content.decode()


@pytest.mark.django_db
def test_one_more_than_the_limit_is_one_too_many_and_others_go_on(stage, sandbox, pressed):
    """S37: and a minute later it goes on."""
    url = address("lms_memberships:invoice_pdf", MATRIX["lms_memberships:invoice_pdf"], stage)
    window = stage.window("member")
    assert [window.get(url).status_code == 429 for _press in range(5)] == [False, False, False, True, True]
    assert stage.window("superuser").post(reverse("lms_memberships_invoices_compare")).status_code == 302
    earlier = (clock.wall_time() - timedelta(seconds=61)).timestamp()
    GuessTally.objects.filter(kind=asking.KIND).update(tries=[earlier] * 3)
    assert window.get(url).status_code != 429


@pytest.mark.django_db
def test_pages_that_ask_nobody_pay_nothing(stage):
    """S37: no row is written for looking at what one has, nor for asking how to cancel."""
    window = stage.window("member")
    for name in ("account", "invoices", "cancel", "switch", "withdraw", "continue", "buy", "give", "portal_back"):
        window.get(address(f"lms_memberships:{name}", MATRIX[f"lms_memberships:{name}"], stage))
    stage.window("superuser").get(reverse("lms_memberships_invoices_list"))
    assert not GuessTally.objects.filter(kind=asking.KIND).exists()


@pytest.mark.django_db
def test_nobody_is_refused_a_cancellation(student, client_for, membership, postman, sandbox, pressed, clock):
    """S37, X14: it is noted, said so, and told to Stripe by the job, which has no limit of a person's."""
    browser = client_for(student)
    buy(browser, membership)
    postman.deliver()
    held = Subscription.objects.get()
    pressed(student)
    sandbox.requests.clear()
    answer = browser.post(reverse("lms_memberships:cancel", args=[held.pk]), follow=True)
    assert "We received your cancellation" in text(answer.content.decode())
    assert sandbox.requests.all() == []
    assert Departure.objects.get().state == Departure.State.ASKED
    clock.daily()
    held.refresh_from_db()
    assert held.cancel_at is not None
    assert Departure.objects.get().state == Departure.State.DONE


@pytest.mark.django_db
def test_a_webhook_is_followed_whoever_has_pressed_too_often(student, client_for, membership, postman, pressed):
    """S37: what Stripe tells of a person is asked of it whatever they pressed."""
    browser = client_for(student)
    pay(press_join(browser, membership))
    pressed(student)
    postman.deliver()
    assert Subscription.objects.get().status == "active"


@pytest.mark.django_db
def test_who_publishes_reads_it_beside_the_button(creator, client_for, gateway, live_session, sandbox, pressed):
    """S37: nothing was prepared, and what they typed stays."""
    draft = put_into(MembershipFactory(title="Draft pass"), live_session)
    draft.save_revision()
    pressed(creator)
    sandbox.requests.clear()
    answer = client_for(creator).post(Wizard().step(draft, "publish"), Wizard().finish())
    assert "Please wait a minute, then try again." in text(answer.content.decode())
    assert sandbox.requests.all() == []
    draft.refresh_from_db()
    assert not draft.live
