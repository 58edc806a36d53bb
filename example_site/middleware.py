"""What does every answer of the site carry, and what does the demo do before a page?"""

import base64
import hashlib
import json
import re
from collections.abc import Callable
from contextlib import suppress

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from wagtail_lms.models import H5PLessonPage

from . import demo_clock

GetResponse = Callable[[HttpRequest], HttpResponse]

# The browser itself holds the promise that no page of ours asks a third party for anything.
PAGE_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'self'; "
    "frame-ancestors 'self'; form-action 'self'{forms}"
)
STRIPE_PAGES = "https://checkout.stripe.com https://billing.stripe.com https://invoice.stripe.com"
# The H5P player writes styles into its frame, and runs the scripts of the package.
LESSON_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline'; font-src 'self' data:; "
    "object-src 'none'; base-uri 'self'; frame-ancestors 'self'"
)
# The add-on's screens in the admin run nothing inline but Wagtail's own lines for fields, each by its hash.
OUR_ADMIN_POLICY = (
    "default-src 'self'; script-src 'self'{hashes}; img-src 'self' data: blob:; font-src 'self' data:; "
    "object-src 'none'; base-uri 'self'; frame-ancestors 'self'; form-action 'self'"
)
# Wagtail's other pages, and those of packages: inline scripts of every kind, but from here only.
ADMIN_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; object-src 'none'; base-uri 'self'; "
    "frame-ancestors 'self'; form-action 'self'"
)
#: How Wagtail's fields for dates and pictures begin; what is between the braces has to be JSON, and so no code.
FIELD = re.compile(
    rb'<script>(\s*(?:initDateChooser|initDateTimeChooser|new ImageChooser)\("[\w-]+", (\{[^<>]*\})\);\s*)</script>'
)


def content_security_policy(get_response: GetResponse) -> GetResponse:
    """Every page of the school may load from its own address only, and run only what it serves as a file."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", _policy(request.path, response))
        return response

    return middleware


def demo_time(get_response: GetResponse) -> GetResponse:
    """After the sandbox's clock was moved, the next page already shows what follows from it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path.endswith("/webhooks/stripe/"):
            # Time may just have passed at the sandbox: what it tells happened then, not a second ago.
            demo_clock.forget_last_answer()
            demo_clock.now()
        elif request.method == "GET" and not request.path.startswith(settings.STATIC_URL):
            demo_clock.catch_up()
        return get_response(request)

    return middleware


def _policy(path: str, response: HttpResponse) -> str:
    admin = reverse("wagtailadmin_home")
    if path.startswith(f"{admin}memberships/"):
        return OUR_ADMIN_POLICY.format(hashes="".join(f" 'sha256-{digest}'" for digest in _fields(response)))
    if path.startswith(admin):
        return ADMIN_POLICY
    return LESSON_POLICY if _is_lesson(response) else _page_policy()


def _fields(response: HttpResponse) -> list[str]:
    """The hashes of Wagtail's own inline scripts in this page."""
    found = set()
    for script, options in FIELD.findall(b"" if response.streaming else response.content):
        with suppress(ValueError):
            json.loads(options)
            found.add(base64.b64encode(hashlib.sha256(script).digest()).decode())
    return sorted(found)


def _page_policy() -> str:
    # Chromium applies form-action to the redirect that follows a form, too: "Join" ends at Stripe.
    stripe = getattr(settings, "LMS_MEMBERSHIPS_STRIPE_API_BASE", "") or STRIPE_PAGES
    return PAGE_POLICY.format(forms=f" {stripe}")


def _is_lesson(response: HttpResponse) -> bool:
    page = (getattr(response, "context_data", None) or {}).get("page")
    return isinstance(page, H5PLessonPage)
