"""Does the code keep the rules that no linter knows?"""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "lms_memberships"
OURS = (PACKAGE, ROOT / "example_site")
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 40
#: Here an amount could be rounded: only whole numbers and Decimal.
MONEY = (
    "money.py",
    "memberships",
    "payments",
    "subscriptions",
    "bundles",
    "creator",
    "events.py",
    "integrations",
    "personal_data",
    "portal",
    "reactions.py",
    "templatetags",
    "wizard",
)
#: Modules of those that only count seconds and requests; what they import shows that no amount comes near.
WAITING = {"breaker.py", "line.py", "premises.py", "throttle.py"}
#: Arguments that are seconds on the computer's clock, not amounts.
SECONDS = {"seconds", "started", "timeout"}
#: Brackets keep these patterns from finding themselves.
PLACES_AND_PEOPLE = re.compile(
    r"/w[o]rk/(?:main|shared|\.)|/tmp/te[a]m|\bCl[a]ude\b|\bAnthr[o]pic\b|\bLL[M]s?\b|\bA[I] (?:agent|assistant)s?\b|\bsub-?[a]gents?\b"
)
TEXT = {".py", ".md", ".html", ".txt", ".css", ".js", ".cfg", ".toml", ".yml", ".yaml", ".po", ".in", ".svg", ""}
NOT_OURS = {"build", "dist", "node_modules", "test-results", "__pycache__"}


def _modules(*folders: Path) -> list[Path]:
    found = (path for folder in folders for path in ([folder] if folder.is_file() else folder.rglob("*.py")))
    return sorted(path for path in found if "migrations" not in path.parts)


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _templates() -> list[Path]:
    return sorted(path for folder in OURS for path in folder.rglob("*.html"))


def test_a_file_stays_short_enough_to_read():
    lengths = {_name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in _modules(*OURS)}
    assert {name: lines for name, lines in lengths.items() if lines > MAX_FILE_LINES} == {}


def test_a_function_fits_on_a_screen():
    too_long = {
        f"{_name(path)}:{node.lineno} {node.name}": node.end_lineno - node.lineno + 1
        for path in _modules(*OURS)
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno - node.lineno + 1 > MAX_FUNCTION_LINES
    }
    assert too_long == {}


def test_every_file_says_first_which_question_it_answers():
    silent = [_name(p) for p in _modules(*OURS) if (tree := _tree(p)).body and not ast.get_docstring(tree)]
    assert silent == []


def test_access_is_decided_in_one_place():
    """Only the policy and the subscriptions' own queries may ask which subscriptions give access."""
    allowed = (PACKAGE / "access" / "policy.py", PACKAGE / "subscriptions")
    elsewhere = [
        _name(path)
        for path in _modules(*OURS)
        if ".giving_access(" in path.read_text(encoding="utf-8")
        and not any(path == place or place in path.parents for place in allowed)
    ]
    assert elsewhere == []


def test_every_fact_has_a_row_in_the_table_of_reactions():
    from lms_memberships import events
    from lms_memberships.reactions import REACTIONS

    def kinds(fact: type) -> Iterator[type]:
        below = fact.__subclasses__()
        yield from (kind for one in below for kind in kinds(one)) if below else [fact]

    facts = set(kinds(events.Fact))
    assert len(facts) > 5
    assert set(REACTIONS) == facts


def test_every_email_is_in_the_catalogue_follows_a_fact_and_has_both_templates():
    from lms_memberships.emails import money_back, owed
    from lms_memberships.emails.catalogue import CATALOGUE, EmailKind
    from lms_memberships.reactions import REACTIONS

    folder = PACKAGE / "templates" / "lms_memberships" / "emails"
    assert set(CATALOGUE) == set(EmailKind)
    owers = {owed.__name__, money_back.__name__}
    for kind, entry in CATALOGUE.items():
        owing = [reaction for reaction in REACTIONS[entry.fact] if getattr(reaction, "__module__", "") in owers]
        assert owing, (
            f"{kind} is never owed: no reaction of {entry.fact.__name__} is in emails/owed.py or money_back.py"
        )
        assert (folder / f"{kind}.txt").exists()
        assert (folder / f"{kind}.html").exists()


def _floats(path: Path) -> Iterator[str]:
    tree = _tree(path)
    arguments = (node for node in ast.walk(tree) if isinstance(node, ast.arg))
    seconds = {node.annotation for node in arguments if node.arg in SECONDS}
    for node in ast.walk(tree):
        where = f"{_name(path)}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield f"{where} {node.value}"
        elif isinstance(node, ast.Name) and node.id == "float" and node not in seconds:
            yield f"{where} float"
        elif isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            yield f"{where} / makes a float; // and divmod() do not"


def test_no_float_comes_near_money():
    """H1"""
    modules = [each for each in _modules(*(PACKAGE / part for part in MONEY)) if each.name not in WAITING]
    assert len(modules) > 10
    assert [found for path in modules for found in _floats(path)] == []


def test_what_waits_knows_no_money():
    """H1: the modules that may hold fractions of a second import nothing that holds an amount."""
    waiting = [path for path in _modules(PACKAGE / "payments") if path.name in WAITING]
    assert {path.name for path in waiting} == WAITING
    assert [path.name for path in waiting if re.search(r"import .*\b[Mm]oney\b|amount", path.read_text())] == []


def test_the_search_for_floats_finds_them(tmp_path, monkeypatch):
    """H1: the negative control."""
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    module = tmp_path / "wrong.py"
    module.write_text("half = 0.5\nprice = float('1')\nshare: float\nthird = 10 / 3\n")
    assert {found.partition(" ")[0] for found in _floats(module)} == {f"wrong.py:{line}" for line in (1, 2, 3, 4)}


class _Inline(HTMLParser):
    """What a strict content security policy would not run or apply."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag, attrs):
        names = {name for name, _value in attrs}
        kind = dict(attrs).get("type") or ""
        if tag == "script" and "src" not in names and kind not in {"application/json", "application/ld+json"}:
            self.found.append(f"line {self.getpos()[0]}: <script> without src")
        self.found += [
            f"line {self.getpos()[0]}: {name}=" for name in names if name == "style" or re.fullmatch("on[a-z]+", name)
        ]


def _inline(html: str) -> list[str]:
    parser = _Inline()
    # Template tags between attributes would look like attributes.
    parser.feed(re.sub(r"{%.*?%}|{#.*?#}", " ", html, flags=re.DOTALL))
    return parser.found


def test_templates_hold_no_inline_script_or_style():
    """A site with a strict content security policy shows all of our pages."""
    templates = _templates()
    assert len(templates) > 5
    wrong = {_name(path): found for path in templates if (found := _inline(path.read_text(encoding="utf-8")))}
    assert wrong == {}


def test_the_search_for_inline_script_finds_it():
    bad = '<script>x</script><p style="a:b"><a onclick="x"><script src="x"></script><script type="application/json">'
    assert len(_inline(bad)) == 3


def test_no_page_loads_from_a_third_party():
    """Forms may lead to Stripe; nothing is loaded from anywhere but the site itself."""
    loads = re.compile(
        r"<(?:script|img|iframe|link|source|video)\b[^>]*\b(?:src|href)=[\"'](?:https?:)?//", re.IGNORECASE
    )
    canonical = re.compile(r"<link\b[^>]*\brel=[\"'](?:canonical|alternate)", re.IGNORECASE)
    wrong = [
        f"{_name(path)}: {found[0]}"
        for path in _templates()
        for found in loads.finditer(path.read_text(encoding="utf-8"))
        if not canonical.match(found[0])
    ]
    assert wrong == []


def test_every_setting_is_documented_as_it_is():
    from lms_memberships.conf import PREFIX, SETTINGS

    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    rows = [f"| `{PREFIX}{name}` | `{setting.default!r}` | {setting.reason} |" for name, setting in SETTINGS.items()]
    assert "\n".join(row for row in rows if row not in page) == ""
    assert set(re.findall(rf"`{PREFIX}([A-Z_]+)`", page)) == set(SETTINGS)


def test_every_documentation_page_can_be_found():
    contents = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    pages = [str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")]
    assert [page for page in pages if page not in contents] == []


def test_links_between_documents_lead_somewhere():
    missing = [
        f"{_name(path)}: {target}"
        for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
        for target in re.findall(r"\]\((?!https?:|mailto:|#)([^)#]+)", path.read_text(encoding="utf-8"))
        if not (path.parent / target).exists()
    ]
    assert missing == []


def test_no_migration_is_missing():
    # Only the models are compared: no database server has to run for that.
    without_server = {**os.environ, "TEST_DATABASE_URL": ""}
    command = [sys.executable, "manage.py", "makemigrations", "--check", "--dry-run", "lms_memberships", "example_site"]
    settings = ["--settings", "example_site.settings.test"]
    done = subprocess.run(
        [*command, *settings], cwd=ROOT, env=without_server, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _texts() -> Iterator[Path]:
    for path in ROOT.rglob("*"):
        parts = path.relative_to(ROOT).parts
        if any((part.startswith(".") and part != ".ci") or part in NOT_OURS or "egg-info" in part for part in parts):
            continue
        if path.suffix in TEXT and path.is_file():
            yield path


def test_the_project_speaks_of_itself_only():
    """No path of anybody's machine, and nobody's tools."""
    found = [
        f"{_name(path)}: {match[0]}"
        for path in _texts()
        for match in PLACES_AND_PEOPLE.finditer(path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert found == []


@pytest.mark.parametrize("words", ["/w-ork/main", "An A-I agent", "suba-gent"])
def test_the_search_for_such_words_finds_them(words):
    assert PLACES_AND_PEOPLE.search(words.replace("-", ""))


#: Who makes what takes a place, and what there asks for it (J2, J7).
MAKES_A_PLACE = {
    "subscriptions/checkout.py": "places.reserve_page(",
    "subscriptions/lifecycle.py": "places.begin(",
    # Notes a purchase of the past again; when it becomes a subscription, lifecycle asks.
    "subscriptions/adopting.py": "",
    "subscriptions/giving.py": "places.reserve(",
    "subscriptions/linking.py": "places.reserve(",
    "subscriptions/gift_buying.py": "places.reserve_gift(",
    # In the place that its gift has held since it was paid (``gift_settling``).
    "subscriptions/gift_turns.py": "",
    # In the place that the guest's purchase has held since it was paid (``guest_parking``).
    "subscriptions/guest_claims.py": "",
    # Notes one of the past again; like every other it takes its place when it is parked.
    "subscriptions/guest_parking.py": "places.",
    "subscriptions/guests.py": "places.reserve_for_guest(",
    # Never saved: what is asked of Stripe about one that has no row (yet).
    "subscriptions/changes.py": "",
}
#: The limit is read where it is decided, set where a creator sets it, and nowhere else.
KNOWS_THE_LIMIT = {
    "memberships/models.py",
    "subscriptions/places.py",
    # Which of its columns a copy does not take over.
    "memberships/ladder_making.py",
}


def _makers(folder: Path) -> set[str]:
    """Modules that make a Checkout or a Subscription: ``Subscription(…)``, ``Subscription.objects.create(…)``."""
    found = set()
    for path in _modules(folder):
        for node in ast.walk(_tree(path)):
            if not isinstance(node, ast.Call):
                continue
            words = ast.unparse(node.func).split(".")
            is_made = len(words) == 1 or words[-1] in {"create", "bulk_create", "get_or_create", "update_or_create"}
            if words[0] in {"Checkout", "Gift", "GuestPurchase", "Subscription"} and is_made:
                found.add(str(path.relative_to(folder)))
    return found


def test_every_way_in_asks_the_one_function_for_a_place():
    """J2, J7: whoever adds another way in names here what asks for the place."""
    makers = _makers(PACKAGE) - {name for name in _makers(PACKAGE) if name.startswith("sandbox/")}
    assert makers == set(MAKES_A_PLACE)
    missing = [name for name, call in MAKES_A_PLACE.items() if call not in (PACKAGE / name).read_text("utf-8")]
    assert missing == []


def test_the_limit_is_read_in_one_place():
    """J2"""
    readers = {
        str(path.relative_to(PACKAGE))
        for path in _modules(PACKAGE)
        if "max_members" in path.read_text("utf-8") and "wizard" not in path.parts
    }
    assert readers == KNOWS_THE_LIMIT


def test_the_search_for_other_ways_in_finds_them(tmp_path):
    """J2: the negative control."""
    (tmp_path / "gifts.py").write_text("Subscription.objects.create(user=friend)\n")
    (tmp_path / "seats.py").write_text("seat = Subscription(user=student)\n")
    (tmp_path / "reading.py").write_text("Subscription.objects.filter(user=student)\n")
    assert _makers(tmp_path) == {"gifts.py", "seats.py"}
