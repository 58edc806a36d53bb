"""What does every hosted page share: its language, its texts, its plain answers?"""

from __future__ import annotations

from ..http import Request, Response
from ..languages import choose_language
from ..screens import render
from .texts import Texts

DECLINED = "declined"


def texts_for(request: Request, *, locale: str | None = None) -> Texts:
    return Texts(choose_language(locale, request.header("accept-language")))


def comes_back_declined(request: Request) -> bool:
    """From the bank's page, which sends people back with this word in the address."""
    return request.method != "POST" and DECLINED in request.query


def page(template: str, t: Texts, context: dict[str, object], *, status: int = 200) -> Response:
    return render(template, {"t": t, "language": t.language, **context}, status=status)


def notice(t: Texts, *, title: str, text: str, url: str = "", link: str = "", status: int = 200) -> Response:
    """A page that only says something."""
    context: dict[str, object] = {"title": title, "text": text, "url": url, "link": link}
    return page("pages/notice.html", t, context, status=status)


def not_found(request: Request) -> Response:
    t = texts_for(request)
    return notice(t, title=t("missing_title"), text=t("missing_text"), status=404)
