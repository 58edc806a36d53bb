"""Is what the documents say true? Their links, commands, settings, names and tables, compared with the code."""

import argparse
import ast
import configparser
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from django.core.management import get_commands
from django.template.loader import get_template
from django.urls import reverse

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
#: What people look up in a page, between backticks or in an indented or fenced block.
CODE = re.compile(
    r"```\w*\n(?P<fenced>.*?)```|`(?P<inline>[^`\n]+)`|(?<=\n\n)(?P<indented>(?: {4}\S[^\n]*\n)+)", re.DOTALL
)
HEADING = re.compile(r"^#+ (.+)$", re.M)
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)")


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _prose(path: Path) -> str:
    return re.sub(r"```.*?```", "", _text(path), flags=re.S)


def _code(path: Path) -> str:
    return "\n".join(text for found in CODE.finditer(_text(path)) for text in found.groups() if text)


def _anchors(path: Path) -> set[str]:
    """As mkdocs and GitHub name them, for headings without punctuation of their own kind."""
    plain = (re.sub(r"[^\w\s-]", "", heading).strip().lower() for heading in HEADING.findall(_prose(path)))
    return {re.sub(r"\s+", "-", heading) for heading in plain}


def _found(pattern: str) -> Iterator[tuple[str, str]]:
    for path in DOCUMENTS:
        for name in re.findall(pattern, _code(path)):
            yield path.name, name


def _column(page: str, heading: str) -> list[str]:
    """The first cells of the table under the first line that begins with ``heading``."""
    table = _text(DOCS / page).partition(f"\n{heading}")[2].partition("\n\n")[0]
    return [row.split("|")[1].strip() for row in table.splitlines() if row.startswith("|")][1:]


def _ticked(cells: list[str]) -> list[str]:
    return [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]


def broken_links(path: Path) -> list[str]:
    broken = []
    for target, anchor in LINK.findall(_prose(path)):
        file = path.parent / target if target else path
        if not file.exists():
            broken.append(target)
        elif anchor and anchor not in _anchors(file):
            broken.append(f"{target}#{anchor}")
    return broken


def test_every_link_leads_somewhere():
    assert {path.name: found for path in DOCUMENTS if (found := broken_links(path))} == {}


def test_the_search_for_broken_links_finds_them(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# One two\n[a](none.md) [b](page.md#one-two) [c](#three)\n```\n[d](code.md)\n```\n")
    assert broken_links(page) == ["none.md", "#three"]


def test_pages_lead_to_nothing_that_is_not_published_with_them():
    """Only docs/ is built into pages."""
    outside = [
        f"{path.name}: {target}"
        for path in DOCS.rglob("*.md")
        for target, _anchor in LINK.findall(_prose(path))
        if target and DOCS not in (path.parent / target).resolve().parents
    ]
    assert outside == []


def test_every_make_target_exists_and_is_described():
    makefile = _text(ROOT / "Makefile")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.M))
    named = set(_found(r"\bmake ([a-z-]+)"))
    assert len(named) > 10
    assert {(page, target) for page, target in named if target not in targets} == set()
    described = {target for page, target in named if page == "development.md"}
    assert described == set(re.findall(r"^([a-z-]+):.*## ", makefile, re.M)) - {"help"}


def test_every_command_exists_and_every_command_is_documented():
    commands = get_commands()
    named = set(_found(r"\b(memberships_\w+|(?<=manage\.py )\w+)"))
    assert {(page, name) for page, name in named if name not in commands} == set()
    ours = {name for name, app in commands.items() if app == "lms_memberships"}
    assert ours <= {name for _page, name in named}


def test_every_setting_that_is_named_exists():
    from lms_memberships.conf import PREFIX, SETTINGS

    named = {(path.name, name) for path in DOCUMENTS for name in re.findall(rf"{PREFIX}(\w+)", _text(path))}
    assert len(named) > len(SETTINGS)
    assert {(page, name) for page, name in named if name not in SETTINGS} == set()


def _exists(name: str) -> bool:
    """A module, or something in one."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found = import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            found = getattr(found, part, None)
        return found is not None
    return False


def test_every_dotted_name_of_ours_exists():
    checks = "".join(_text(path) for path in (ROOT / "lms_memberships").rglob("checks.py"))
    named = set(_found(r"(?<![\w/])(?:lms_memberships|example_site)(?:\.\w+)+(?![\w/(])"))
    wrong = []
    for page, name in sorted(named):
        if re.fullmatch(r"lms_memberships\.[EW]\d+", name):
            if f'"{name}"' not in checks:
                wrong.append(f"{page}: {name}")
        elif not name.endswith(".egg-info") and not _exists(name):
            wrong.append(f"{page}: {name}")
    assert len(named) > 10
    assert wrong == []


def test_the_search_for_names_finds_missing_ones():
    assert _exists("lms_memberships.access.decide")
    assert not _exists("lms_memberships.access.decide_not")
    assert not _exists("lms_memberships.nowhere")


def test_every_file_that_is_named_exists():
    places = "lms_memberships|example_site|tests|docs|changes|scripts"
    wrong = []
    for page, name in set(_found(rf"(?<![\w./])((?:{places})/[\w./-]*\w(?:\.\w+|/)?)")):
        if name.endswith((".html", ".txt")) and name.startswith("lms_memberships/"):
            get_template(name)
        elif name == "lms_memberships/portal/portal.css":
            assert (ROOT / "lms_memberships" / "static" / name).exists()
        elif not (ROOT / name).exists():
            wrong.append(f"{page}: {name}")
    assert wrong == []


def test_examples_are_python():
    blocks = [
        (path.name, block) for path in DOCUMENTS for block in re.findall(r"```python\n(.*?)```", _text(path), re.S)
    ]
    assert len(blocks) > 10
    for page, block in blocks:
        try:
            ast.parse(block)
        except SyntaxError as wrong:
            pytest.fail(f"{page}: {wrong}\n{block}")


def test_names_that_examples_import_exist():
    wrong = [
        f"{path.name}: {node.module}.{alias.name}"
        for path in DOCUMENTS
        for block in re.findall(r"```python\n(.*?)```", _text(path), re.S)
        for node in ast.walk(ast.parse(block))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("lms_memberships")
        for alias in node.names
        if not _exists(f"{node.module}.{alias.name}")
    ]
    assert wrong == []


def test_the_pages_of_the_portal_are_at_the_addresses_that_are_named():
    addresses = _ticked(_column("students.md", "| Address below"))
    names = [reverse(f"lms_memberships:{name}") for name in ("list", "account", "invoices")]
    detail = reverse("lms_memberships:detail", args=["SLUG"]).replace("SLUG", "<address>")
    assert addresses == [names[0], detail, *names[1:]]


def test_every_status_of_a_subscription_has_its_rule():
    from lms_memberships.subscriptions.liveness import RULES

    assert set(_ticked(_column("students.md", "| Stripe's status"))) == {str(status) for status in RULES}


def test_every_reason_is_explained():
    from lms_memberships.access import Reason

    assert _ticked(_column("gating.md", "| `decision.reason`")) == [str(reason) for reason in Reason]


def test_every_email_is_listed():
    from lms_memberships.emails.catalogue import EmailKind

    assert _ticked(_column("emails.md", "| Name")) == [str(kind) for kind in EmailKind]
    assert _text(DOCS / "emails.md").split("\n\n")[1].startswith("Twenty-nine messages")
    assert len(EmailKind) == 29


def test_every_email_that_is_sent_once_more_is_named():
    """F1: and no other."""
    from lms_memberships.emails.catalogue import CRITICAL

    promise = _text(DOCS / "emails.md").split("**Not twice.**")[1].split("All others stay")[0]
    assert _ticked([promise.split("They are")[1]]) == list(CRITICAL)


def test_what_a_key_needs_is_what_the_admin_says():
    from lms_memberships.creator.stripe_settings import KEY_PERMISSIONS

    rows = [f"| {resource} | {level} | {reason} |" for resource, level, reason in KEY_PERMISSIONS]
    assert "\n".join(rows) in _text(DOCS / "stripe.md")


def test_the_events_to_register_are_those_that_we_want():
    from lms_memberships.payments.stripe_gateway.client import API_VERSION
    from lms_memberships.payments.webhook_events import WANTED

    page = _text(DOCS / "stripe.md")
    assert "\n".join(f"- `{event}`" for event in WANTED) in page
    assert set(re.findall(r"^- `([a-z_.]+)`$", page, re.M)) == set(WANTED)
    assert f"`{API_VERSION}`" in page


def test_every_job_is_explained():
    from lms_memberships.management.jobs import JOBS

    assert _ticked(_column("background-work.md", "| Job")) == list(JOBS)


def test_the_sandbox_takes_what_its_page_says():
    from lms_memberships.sandbox import __main__, control, sample_cards

    parser: argparse.ArgumentParser = __main__._parser()
    options = [name for action in parser._actions for name in action.option_strings if name not in {"-h", "--help"}]
    assert _ticked(_column("sandbox.md", "| Option")) == options
    requests = {tuple(name.split(" ")) for name in _ticked(_column("sandbox.md", "| Request")) if " " in name}
    assert {request for request in requests if len(request) == 2 and request[0] in {"GET", "POST"}} == set(
        control.ACTIONS
    )
    cards = [f"| {card.shown} | {card.effect} |" for card in sample_cards.all_cards("en")]
    assert "\n".join(cards) in _text(DOCS / "sandbox.md")


def test_everything_that_an_item_type_may_say_is_listed():
    from lms_memberships.bundles import BundleItemType

    said = {name.partition("(")[0] for name in _ticked(_column("items.md", "| What you may say"))}
    declared = {*BundleItemType.__annotations__, *vars(BundleItemType)}
    assert said == {name for name in declared if not name.startswith("_")}


def test_every_dependency_has_a_reason():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    lists = [setup["options"]["install_requires"], *setup["options.extras_require"].values()]
    packages = {re.split(r"[\[<>=]", line)[0] for lines in lists for line in lines.split()}
    assert len(packages) > 20
    page = _text(DOCS / "dependencies.md")
    named = {name.strip(" `") for row in page.splitlines() if row.startswith("|") for name in re.split(r"[,|]", row)}
    assert packages - named == set()
    assert set(setup["options.extras_require"]) <= named | {"dev"}


def test_the_wizards_fields_are_explained():
    from lms_memberships.models import Membership

    told = " ".join(_column("first-membership.md", "| Field")).lower()
    # What the first step asks; the rest is Wagtail's own.
    labels = ("title", "description", "cover_image", "price_amount", "currency", "interval", "old_price_amount")
    more = ("trial_days", "trial_requires_card", "grace_days", "lang")
    for name in (*labels, *more):
        assert str(Membership._meta.get_field(name).verbose_name).lower() in told, name
