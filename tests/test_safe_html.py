"""Can a description run a script, load from elsewhere or reshape the page? S11's corpus, through two parsers."""

import json
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from bleach._vendor import html5lib
from markdown_it import MarkdownIt

from lms_memberships import safe_html
from lms_memberships.safe_html import CLEANER_VERSION, as_safe, as_script_data, clean_html, plain_text, render_markdown

ALLOWED_SCHEMES = {"https", "http", "mailto"}
ALLOWED_TAGS = {
    *("a", "blockquote", "br", "code", "del", "em", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "s"),
    *("strong", "table", "tbody", "td", "th", "thead", "tr", "ul"),
}
WITH_ADDRESS = {"href", "src", "action", "formaction", "cite", "data", "poster", "background", "srcset", "ping"}
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})|\\([nt\\])")
_PLAIN = {"n": "\n", "t": "\t", "\\": "\\"}


def _payloads() -> list[str]:
    lines = (Path(__file__).parent / "payloads" / "xss.txt").read_text(encoding="utf-8").splitlines()
    decode = lambda found: chr(int(found[1], 16)) if found[1] else _PLAIN[found[2]]  # noqa: E731
    return [_ESCAPE.sub(decode, line) for line in lines if not line.startswith(";;")]


PAYLOADS = _payloads()


class _Elements(HTMLParser):
    """What Python's own parser sees."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, dict[str, str]]] = []
        self.odd: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def handle_comment(self, data):
        self.odd.append(f"comment {data!r}")

    def handle_decl(self, decl):
        self.odd.append(f"declaration {decl!r}")

    def handle_pi(self, data):
        self.odd.append(f"instruction {data!r}")

    def unknown_decl(self, data):
        self.odd.append(f"declaration {data!r}")


def _as_python_reads(html: str) -> tuple[list[tuple[str, dict[str, str]]], list[str]]:
    parser = _Elements()
    parser.feed(html)
    parser.close()
    return parser.found, parser.odd


def _as_browsers_read(html: str) -> tuple[list[tuple[str, dict[str, str]]], list[str]]:
    """By the HTML standard's own algorithm, as every browser does."""
    tree = html5lib.parseFragment(html, treebuilder="etree", namespaceHTMLElements=False)
    found, odd = [], []
    for element in tree.iter():
        if element.tag == tree.tag:
            continue
        if isinstance(element.tag, str):
            found.append((element.tag, {str(name): value for name, value in element.attrib.items()}))
        else:
            odd.append("comment")
    return found, odd


def _scheme(address: str) -> str:
    """The scheme that the most lenient reader could see: entities resolved twice, everything invisible dropped."""
    visible = "".join(sign for sign in unescape(unescape(address)) if "!" <= sign <= "~")
    start = re.split(r"[/?#]", visible, maxsplit=1)[0]
    return start.partition(":")[0].lower() if ":" in start else ""


def dangers(html: str) -> list[str]:
    """Everything in this HTML that a description must not contain, whichever parser reads it."""
    worries = []
    for elements, odd in (_as_python_reads(html), _as_browsers_read(html)):
        worries += odd
        for tag, attributes in elements:
            if tag not in ALLOWED_TAGS:
                worries.append(f"<{tag}>")
            for name, value in attributes.items():
                if name.lower().startswith("on") or name in {"style", "id", "name", "target"}:
                    worries.append(f"{tag} {name}={value!r}")
                if name.lower() in WITH_ADDRESS and _scheme(value) not in ALLOWED_SCHEMES | {""}:
                    worries.append(f"{tag} {name}={value!r}")
    return worries


def test_the_corpus_is_large_and_without_doubles():
    """S11"""
    assert len(PAYLOADS) >= 200
    assert len(set(PAYLOADS)) == len(PAYLOADS)


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_nothing_dangerous_survives_in_a_description(payload):
    """S11"""
    for text in (payload, f"Some *words* {payload} and more", f"> - {payload}\n\n{payload}"):
        assert dangers(render_markdown(text).html) == []


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_the_cleaner_alone_holds_when_markdown_lets_everything_through(payload):
    """S11: the second wall, without the first."""
    careless = MarkdownIt("commonmark", {"html": True, "linkify": True}).enable(["table", "strikethrough"])
    careless.validateLink = lambda _url: True
    assert dangers(clean_html(payload)) == []
    assert dangers(clean_html(careless.render(payload))) == []


def test_without_the_cleaner_the_same_check_fails():
    """S11: the negative control; a check that passes everything would prove nothing."""
    careless = MarkdownIt("commonmark", {"html": True, "linkify": True}).enable(["table", "strikethrough"])
    careless.validateLink = lambda _url: True
    caught = [payload for payload in PAYLOADS if dangers(careless.render(payload))]
    assert len(caught) > len(PAYLOADS) * 3 // 4
    kinds = " ".join(worry for payload in caught for worry in dangers(careless.render(payload)))
    for kind in ("<script>", "<svg>", "<base>", "<img>", "onclick=", "href='javascript:", "style="):
        assert kind in kinds


def test_githubs_markdown_is_understood():
    html = render_markdown(
        "| Week | Topic |\n|:-----|------:|\n| 1 | ~~Clay~~ **Wood** |\n\n- [x] bring tools\n- [ ] book a place\n\n"
        "More at https://example.com/a, `code`, README.md or <me@example.com>.\n\n3. third"
    ).html
    assert '<th align="left">Week</th>' in html
    assert '<td align="right"><s>Clay</s> <strong>Wood</strong></td>' in html
    assert '<li class="task-list-item">☑ bring tools</li>' in html
    assert '<li class="task-list-item">☐ book a place</li>' in html
    assert '<a href="https://example.com/a" rel="nofollow noopener">https://example.com/a</a>' in html
    assert '<a href="mailto:me@example.com" rel="nofollow noopener">' in html
    assert '<ol start="3">' in html
    assert "README.md or" in html


def test_raw_html_is_shown_as_the_text_that_was_typed():
    assert render_markdown("1 <b>2</b> & 3").html == "<p>1 &lt;b&gt;2&lt;/b&gt; &amp; 3</p>\n"


def test_headings_fit_below_those_of_the_page():
    html = render_markdown("# One\n\n## Two\n\n###### Six\n\nAlso one\n===").html
    assert re.findall(r"<(h\d)>", html) == ["h3", "h4", "h6", "h3"]
    assert re.findall(r"</(h\d)>", html) == ["h3", "h4", "h6", "h3"]


def test_a_picture_from_elsewhere_becomes_its_description():
    html = render_markdown("![A potter's <wheel>](https://tracker.example/pixel.gif)").html
    assert "tracker.example" not in html
    assert "A potter" in html
    assert "<wheel>" not in html


def test_every_link_says_that_it_leads_outside():
    """S11"""
    assert (
        clean_html('<a href="https://a.b" rel="opener">x</a>') == '<a href="https://a.b" rel="nofollow noopener">x</a>'
    )


def test_the_version_of_the_cleaner_is_kept_with_the_text():
    assert render_markdown("x").version == CLEANER_VERSION


def test_a_site_may_bring_its_own_cleaner(settings):
    settings.LMS_MEMBERSHIPS_HTML_SANITIZER = "tests.test_safe_html.shout"
    assert render_markdown("quiet").html == "<P>QUIET</P>\n"


def shout(html: str) -> str:
    return html.upper()


def test_cleaning_twice_changes_nothing():
    for payload in PAYLOADS:
        once = render_markdown(payload).html
        assert clean_html(once) == once


def test_a_description_becomes_one_line_of_words():
    text = "# Clay\n\nFor *everyone*\nwho `likes` [mud](https://a.b) ![a jug](x.png)\n\n- one\n- two\n\n| a | b |\n|---|---|\n| c | d |"
    assert plain_text(text) == "Clay For everyone who likes mud a jug one two a b c d"
    assert plain_text("AT&amp;T \\* 5 > 3") == "AT&T * 5 > 3"
    assert plain_text("See:\n\n```py\nx = 1\n```\n\n- [x] done") == "See: x = 1 done"
    assert plain_text("") == ""


def test_cleaned_html_can_be_shown_as_it_is():
    assert as_safe("<p>x</p>").__html__() == "<p>x</p>"


def test_data_in_a_script_element_cannot_end_it():
    """S11"""
    data = {"name": "</script><script>alert(1)</script><!-- & “quotes”"}
    text = as_script_data(data)
    assert not set(text) & set("<>&")
    assert json.loads(text) == data


def test_nobody_else_marks_html_as_safe():
    """S11"""
    package = Path(safe_html.__file__).parent
    for path in package.rglob("*.py"):
        if path.name == "safe_html.py" or "sandbox" in path.parts:
            continue
        assert not re.search(r"\bmark_safe\b|\bSafe(?:String|Text)\(", path.read_text(encoding="utf-8")), path
    for path in package.rglob("*.html"):
        assert not re.search(r"\|\s*safe\b|autoescape off", path.read_text(encoding="utf-8")), path
