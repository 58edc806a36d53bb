"""Does code leave the marks between two texts to the reader's language?"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.template import Context, Template
from django.utils.translation import override

from lms_memberships.portal.embedding import POLICY
from lms_memberships.punctuation import labelled, quoted, semicolon

PACKAGE = Path(__file__).resolve().parent.parent / "lms_memberships"
#: English only: what is written to a terminal, or in Stripe's stead.
ENGLISH = {"management", "migrations", "checks.py", "sandbox"}
GETTEXT = re.compile(r"_|n?p?gettext(_lazy)?")
#: What stands for a value in a text that is put together.
VALUE = r"(?:\0|%\(\w+\)[a-z]|%[sd]|\{\w*\})"
JOINED = re.compile(rf"{VALUE}\)?[:;!?](?:\s|$)|[«“]\s?{VALUE}|^\s*[:;!?]\s|[:;]\s+$")
#: Nobody reads these as a sentence.
HARMLESS = {
    # Keys.
    ("emails/price_changes.py", "{}:{}:"),
    ("payments/customers.py", "{}:{}:"),
    ("payments/resolving.py", "{}:"),
    ("personal_data/exporting.py", "{}:"),
    ("personal_data/forgetting.py", "{}:"),
    # What went wrong, in the words of the code that failed.
    ("access/deliveries.py", "{}: {}"),
    ("emails/outbox.py", "{}: {}"),
    ("payments/intents.py", "remembered: "),
    ("payments/intents.py", "{}{} {}: {}"),
    ("subscriptions/syncing.py", "{}: {}"),
    # What memberships_sync prints.
    ("subscriptions/sync_pictures.py", "was missing; "),
    ("subscriptions/sync_pictures.py", "{}: {}"),
    # What browsers read.
    ("portal/embedding.py", POLICY),
    # A cell of a file, which programs take apart.
    ("subscriptions/people_files.py", "; "),
}

TRANSLATED = re.compile(r"{%-?\s*(blocktrans(?:late)?|comment)\b.*?{%-?\s*end\1\s*-?%}|{#.*?#}|<!--.*?-->", re.DOTALL)
TEMPLATE_TAG = re.compile(r"{%.*?%}|{{.*?}}", re.DOTALL)
HTML_TAG = re.compile(r"<(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>")
READ_ALOUD = re.compile(r"\b(?:aria-label|title|alt|placeholder)=\"([^\"]*)\"")
#: ``a + ': '`` and ```${a}: ```.
IN_SCRIPT = re.compile(r"\+\s*['\"`]\s*[:;!?]|\$\{[^}]*\}\s?[:;!?](?:\s|`)")


def _unread(tree: ast.Module) -> Iterator[ast.AST]:
    """Docstrings, names for developers, lines of the log, formats, and what is translated."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            yield from ast.walk(node.body[0])
        if isinstance(node, ast.FunctionDef) and node.name in {"__str__", "__repr__"}:
            yield from ast.walk(node)
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if GETTEXT.fullmatch(called) or called.startswith("logger."):
                yield from ast.walk(node)
        if isinstance(node, ast.FormattedValue) and node.format_spec is not None:
            yield from ast.walk(node.format_spec)


def _joined_in_code(source: str) -> Iterator[str]:
    """Texts that a colon or another mark joins, each value as ``{}``."""
    tree = ast.parse(source)
    skipped = {id(node) for node in _unread(tree)}
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        text = ""
        if isinstance(node, ast.JoinedStr):
            text = "".join(each.value if isinstance(each, ast.Constant) else "\0" for each in node.values)
            skipped |= {id(each) for each in node.values}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) and ast.unparse(node.right) == "':'":
            text = "\0:"
        if JOINED.search(text):
            yield text.replace("\0", "{}")


def _joined_in_template(source: str, *, is_html: bool) -> Iterator[str]:
    """Lines with such a mark outside a translated text: nothing but values and tags stands around it."""

    def blank(found: re.Match[str]) -> str:
        return re.sub(r"[^\n]", "_", found[0])

    def spoken(found: re.Match[str]) -> str:
        return "_".join(READ_ALOUD.findall(found[0])) + "\n" * found[0].count("\n")

    text = TEMPLATE_TAG.sub(blank, TRANSLATED.sub(blank, source))
    text = re.sub(r"&#?\w+;", blank, HTML_TAG.sub(spoken, text) if is_html else text)
    lines = source.splitlines()
    for number, line in enumerate(text.splitlines()):
        if re.search(r"[:;!?«»“”]", line):
            yield lines[number].strip()


def _templates() -> Iterator[Path]:
    yield from sorted((PACKAGE / "templates").rglob("*.*"))
    # The sandbox speaks French on its pages for buyers, with texts of its own.
    yield from sorted((PACKAGE / "sandbox" / "templates" / "pages").rglob("*.*"))


def test_code_joins_no_two_texts_by_itself():
    """X26: `punctuation.labelled` and its neighbours do, in the language of whoever reads."""
    modules = (path.relative_to(PACKAGE) for path in sorted(PACKAGE.rglob("*.py")))
    found = {
        (path.as_posix(), text)
        for path in modules
        if ENGLISH.isdisjoint(path.parts)
        for text in _joined_in_code((PACKAGE / path).read_text(encoding="utf-8"))
    }
    assert found - HARMLESS == set()
    assert HARMLESS - found == set()


def test_templates_join_no_two_texts_by_themselves():
    """X26: `{% colon %}` does, or both are one translated text."""
    found = [
        (path.name, line)
        for path in _templates()
        for line in _joined_in_template(path.read_text(encoding="utf-8"), is_html=path.suffix == ".html")
    ]
    assert found == []


def test_scripts_join_no_two_texts():
    """X26: a text with its places for values comes from the page, translated."""
    scripts = (PACKAGE / "static").rglob("*.js")
    found = [(path.name, line[0]) for path in scripts for line in IN_SCRIPT.finditer(path.read_text(encoding="utf-8"))]
    assert found == []


@pytest.mark.parametrize(
    "code",
    [
        'said = f"{label}: {value}"',
        'said = f"{label}:"',
        'said = f"“{title}” ({number})"',
        'said = "%(label)s: %(value)s" % values',
        'said = "{}: {}".format(label, value)',
        'said = ": ".join((label, value))',
        'said = _("Price") + ": " + price',
        'said = label + ":"',
        'said = f"{label}; {more}"',
    ],
)
def test_the_search_in_code_finds_them(code):
    assert list(_joined_in_code(code))


@pytest.mark.parametrize(
    "code",
    [
        '_("%(label)s: %(value)s") % values',
        'key = f"{kind}:{number}"',
        'logger.warning("%s: gone", name)',
        'def __str__(self):\n    return f"{self.pk}: {self.state}"',
        'url = f"{page}?{query}"',
        '"""A text: with “marks”."""',
        'at = f"{day:%H:%M: }"',
    ],
)
def test_the_search_in_code_lets_others_be(code):
    assert list(_joined_in_code(code)) == []


@pytest.mark.parametrize(
    "source",
    [
        "<p>{{ label }}: {{ value }}</p>",
        "<p>{% trans 'Price' %}: {{ value }}</p>",
        '<a href="/">{{ label }}</a>:\n{{ value }}',
        '<button>{% trans "Refund" %}<span class="w-sr-only">: {{ title }}</span></button>',
        '<section aria-label="{% trans "Failed" %}: {{ title }}"></section>'.replace('"Failed"', "'Failed'"),
        "{% if more %};{% endif %}",
        "“{{ title }}”",
    ],
)
def test_the_search_in_templates_finds_them(source):
    assert list(_joined_in_template(source, is_html=True))


@pytest.mark.parametrize(
    "source",
    [
        "{% blocktranslate trimmed %}Last day: {{ day }}{% endblocktranslate %}",
        '<a href="?p={{ page }}&amp;q=1" data-action="a:b->c#d">{% colon %}</a>',
        "{# Why: because. #}",
        '{% if x %}{% trans "Paid: yes" %}{% endif %}',
    ],
)
def test_the_search_in_templates_lets_others_be(source):
    assert list(_joined_in_template(source, is_html=True)) == []


@pytest.mark.parametrize("script", ["a.textContent = label + ': ' + value", "a.title = `${label}: ${value}`"])
def test_the_search_in_scripts_finds_them(script):
    assert IN_SCRIPT.search(script)


def test_in_french_a_narrow_space_stands_before_the_mark():
    """X26."""
    tag = Template("{% load memberships %}{{ what }}{% colon %}{{ value }}")
    values = Context({"what": "Prix", "value": "19 €"})
    assert labelled("Price", "€19") == "Price: €19"
    assert quoted("Clay") == "“Clay”"
    with override("fr"):
        assert labelled("Prix", "19 €") == tag.render(values) == "Prix\u202f: 19 €"
        assert quoted("Argile") == "«\u202fArgile\u202f»"
        assert semicolon() == "\u202f; "
