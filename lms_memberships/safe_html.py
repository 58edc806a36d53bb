"""Which HTML may a page show? Markdown is rendered and cleaned here, once, when it is saved.

The one caller of bleach and of ``mark_safe``. Two walls: raw HTML in Markdown is text, never markup; and what was
rendered is cleaned by an explicit list of tags, attributes and schemes. ``LMS_MEMBERSHIPS_HTML_SANITIZER`` replaces
the second wall (nh3, say).
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from typing import Any

from bleach.sanitizer import Cleaner
from django.utils.html import escape
from django.utils.module_loading import import_string
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from mdit_py_plugins.tasklists import tasklists_plugin

from . import conf

#: Stored beside each rendered text; raise it with every change here, and texts are rendered again.
CLEANER_VERSION = 2

#: In bytes. Longer texts are shown as they were typed; the wizard takes less.
LONGEST = 50_000
#: Signs that can mean something to the parser. Its worst cases grow with their square, so they are counted first:
#: no clock is asked, and the same text is rendered the same everywhere. A long description has some hundreds.
MOST_SIGNS = 2_000
_SIGNS = "[]()*_`~<>|#&!:/@\\+-\n\n"  # a line counts twice: lists are made of them

_TAGS = frozenset(
    {
        *("a", "code", "del", "em", "s", "strong", "br"),
        *("p", "blockquote", "pre", "hr", "h3", "h4", "h5", "h6"),
        *("ul", "ol", "li"),
        *("table", "thead", "tbody", "tr", "th", "td"),
    }
)
_SCHEMES = frozenset({"https", "http", "mailto"})
_PATH_BEGINS = re.compile(r"[/?#]")
_LINK_REL = "nofollow noopener"
_LIST_CLASSES = {"ul": "contains-task-list", "li": "task-list-item"}
_ALIGNMENTS = {"left", "center", "right"}

#: As Django's json_script.
_ENDS_SCRIPT = {ord(">"): "\\u003E", ord("<"): "\\u003C", ord("&"): "\\u0026"}

# The page has its own h1 and the screen around a description an h2; h6 is the last there is.
_HEADINGS = {"h1": "h3", "h2": "h4", "h3": "h5", "h4": "h6", "h5": "h6", "h6": "h6"}
# Signs instead of <input type=checkbox>: nothing to label, to focus or to abuse.
_TICKED, _UNTICKED = "\N{BALLOT BOX WITH CHECK}", "\N{BALLOT BOX}"


@dataclass(frozen=True)
class RenderedText:
    """Clean HTML, and the version of the cleaner that made it."""

    html: str
    version: int


def render_markdown(text: str) -> RenderedText:
    """GitHub's Markdown (tables, strikethrough, task lists, links) as clean HTML; what is too much, as plain text."""
    html = _as_typed(text) if is_too_much(text) else clean_html(_markdown().render(text))
    return RenderedText(html=html, version=CLEANER_VERSION)


def is_too_much(text: str) -> bool:
    """Whether rendering could keep a server busy (S12): too long, or made of signs."""
    return len(text.encode(errors="replace")) > LONGEST or sum(map(text.count, _SIGNS)) > MOST_SIGNS


def _as_typed(text: str) -> str:
    paragraphs = (escape(paragraph.strip()) for paragraph in text[:LONGEST].split("\n\n") if paragraph.strip())
    return "".join(f"<p>{paragraph}</p>\n" for paragraph in paragraphs)


def clean_html(html: str) -> str:
    """The same HTML without whatever could run, load from elsewhere or reshape the page."""
    if conf.HTML_SANITIZER:
        cleaned: str = import_string(conf.HTML_SANITIZER)(html)
        return cleaned
    return _bleach().clean(html)


def as_safe(html: str) -> SafeString:
    """Mark HTML that ``render_markdown`` or ``clean_html`` returned, so that a template shows it as it is."""
    return mark_safe(html)  # noqa: S308  # nosec B308 B703 - the one place; what comes here was cleaned when it was saved


def as_script_data(data: Mapping[str, object]) -> SafeString:
    """JSON for a ``<script type="application/ld+json">``: nothing in it can end the element."""
    return mark_safe(json.dumps(data, ensure_ascii=False).translate(_ENDS_SCRIPT))  # noqa: S308  # nosec B308 B703 - escaped here


def plain_text(markdown: str) -> str:
    """The words alone, on one line: for search results, meta descriptions and mail previews."""
    if is_too_much(markdown):
        return " ".join(markdown[:LONGEST].split())
    return " ".join(" ".join(_words(_markdown().parse(markdown))).split())


def _words(tokens: Sequence[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type == "inline":
            yield "".join(_inline_words(token.children or []))
        elif token.type in {"fence", "code_block"}:
            yield token.content


def _inline_words(tokens: Sequence[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type in {"text", "text_special", "code_inline", "image"}:
            yield token.content
        elif token.type in {"softbreak", "hardbreak"}:
            yield " "


# Parser and cleaner keep their place in the text: a new one each time, since threads cannot share them.
def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False, "linkify": True})
    markdown.enable(["table", "strikethrough", "linkify"]).use(tasklists_plugin)
    if markdown.linkify is not None:
        # As GitHub: an address needs its https://, or every README.md becomes a link to Moldova.
        markdown.linkify.set({"fuzzy_link": False})
    markdown.core.ruler.push("fit_into_page", _fit_into_page)
    markdown.add_render_rule("image", _image_as_words)
    markdown.add_render_rule("html_inline", _task_as_sign)
    return markdown


def _fit_into_page(state: StateCore) -> None:
    for token in state.tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = _HEADINGS[token.tag]
        elif token.type in {"th_open", "td_open"} and "style" in token.attrs:
            # Our pages forbid inline styles.
            token.attrs = {"align": str(token.attrs["style"]).removeprefix("text-align:")}


def _image_as_words(
    _renderer: RendererHTML, tokens: Sequence[Token], index: int, _options: OptionsDict, _env: EnvType
) -> str:
    # An image from elsewhere would tell its host about every visitor. The cover image is Wagtail's.
    return escape(tokens[index].content)


def _task_as_sign(
    _renderer: RendererHTML, tokens: Sequence[Token], index: int, _options: OptionsDict, _env: EnvType
) -> str:
    # With html=False, only the task list plugin makes these tokens.
    return _TICKED if "checked" in tokens[index].content else _UNTICKED


def _bleach() -> Cleaner:
    return Cleaner(
        tags=_TAGS,
        attributes=_may_stay,
        protocols=_SCHEMES,
        strip=True,
        strip_comments=True,
        filters=[_NameLinks],  # type: ignore[list-item]  # the stubs want the base class that bleach vendors, untyped
    )


def _may_stay(tag: str, name: str, value: str) -> bool:
    rules: Mapping[tuple[str, str], bool] = {
        ("a", "href"): _leads_to_allowed_scheme(value),
        ("a", "title"): True,
        ("ol", "start"): value.isdecimal(),
        ("ul", "class"): value == _LIST_CLASSES["ul"],
        ("li", "class"): value == _LIST_CLASSES["li"],
        ("th", "align"): value in _ALIGNMENTS,
        ("td", "align"): value in _ALIGNMENTS,
    }
    return rules.get((tag, name), False)


def _leads_to_allowed_scheme(href: str) -> bool:
    """Stricter than bleach 6.4, which takes ``javascript:1`` for a host and its port."""
    visible = "".join(sign for sign in unescape(href) if "!" <= sign <= "~")
    start = _PATH_BEGINS.split(visible, maxsplit=1)[0]
    return ":" not in start or start.partition(":")[0].lower() in _SCHEMES


class _NameLinks:
    """Puts ``rel`` on every link that stays. Bleach calls it with what is left."""

    def __init__(self, source: Iterable[dict[str, Any]]) -> None:
        self._source = source

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for token in self._source:
            if token["type"] == "StartTag" and token["name"] == "a":
                token["data"][(None, "rel")] = _LINK_REL
            yield token
