"""What may another site show of a membership in a frame? One card, for the sites that are named, and nothing of anybody (S54)."""

import re
from urllib.parse import urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils import translation
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_safe

from .. import clock, conf
from ..memberships.addresses import public_url
from ..memberships.models import Membership
from ..memberships.offers import offer
from ..payments import connect
from ..subscriptions.places import places_of

#: Scheme, host (or all hosts below one) and port; nothing that would begin another rule of a policy.
ORIGIN = re.compile(r"https?://(\*\.)?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:\d{1,5})?")
#: A price that has changed is on other people's sites as soon as this is over.
KEPT_SECONDS = 300
STYLES = "lms_memberships/portal/embed.css"
POLICY = "default-src 'none'; style-src {styles}; base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}"


@require_safe
@xframe_options_exempt
def card(request: HttpRequest, slug: str) -> HttpResponse:
    """Title, summary, price and a button that leads to the membership's page. The same for everybody.

    Nothing of the request but its address is read: no session, no cookie, no person; so any cache may keep it.
    """
    allowed = origins()
    membership = Membership.objects.on_sale(connect.current()).with_contents().filter(slug=slug).first()
    if not allowed or membership is None:
        raise Http404
    language = _language(request, membership)
    with translation.override(language):
        context = {
            "offer": offer(membership, now=clock.now(), language=language),
            "places": places_of(membership, now=clock.now()),
            "url": public_url(membership.get_absolute_url()),
            "styles": static(STYLES),
            "language": language,
        }
        # Without the request: a context processor of the site's could read the session.
        response = HttpResponse(render_to_string("lms_memberships/portal/embed.html", context))
    response.headers["Content-Security-Policy"] = POLICY.format(
        styles=_source_of(context["styles"]), ancestors=" ".join(allowed)
    )
    response.headers["Content-Language"] = language
    response.headers["Cache-Control"] = f"public, max-age={KEPT_SECONDS}"
    return response


def origins() -> tuple[str, ...]:
    """The sites that may show it. What is no origin is left out; a system check names it."""
    return tuple(each for each in conf.EMBED_ORIGINS if isinstance(each, str) and ORIGIN.fullmatch(each))


def _language(request: HttpRequest, membership: Membership) -> str:
    """As the frame's address says, or the language of the membership's texts: whoever looks is not asked."""
    asked = request.GET.get("lang", "")
    if asked in dict(settings.LANGUAGES):
        return asked
    return membership.lang if membership.lang in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


def _source_of(address: object) -> str:
    """Where the style sheet comes from: the site itself, or the place where it keeps its files."""
    parts = urlsplit(str(address))
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme and parts.netloc else "'self'"
