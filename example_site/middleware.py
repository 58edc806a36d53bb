"""What does every answer of the site carry, and what does the demo do before a page?"""

from collections.abc import Callable

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
STRIPE_PAGES = "https://checkout.stripe.com https://billing.stripe.com"
# The H5P player writes styles into its frame, and runs the scripts of the package.
LESSON_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline'; font-src 'self' data:; "
    "object-src 'none'; base-uri 'self'; frame-ancestors 'self'"
)


def content_security_policy(get_response: GetResponse) -> GetResponse:
    """Every page of the school may load from its own address only; Wagtail's admin is left alone."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if not request.path.startswith(_admin_paths()):
            policy = LESSON_POLICY if _is_lesson(response) else _page_policy()
            response.headers.setdefault("Content-Security-Policy", policy)
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


def _page_policy() -> str:
    # Chromium applies form-action to the redirect that follows a form, too: "Join" ends at Stripe.
    stripe = getattr(settings, "LMS_MEMBERSHIPS_STRIPE_API_BASE", "") or STRIPE_PAGES
    return PAGE_POLICY.format(forms=f" {stripe}")


def _is_lesson(response: HttpResponse) -> bool:
    page = (getattr(response, "context_data", None) or {}).get("page")
    return isinstance(page, H5PLessonPage)


def _admin_paths() -> tuple[str, ...]:
    return (reverse("wagtailadmin_home"), "/django-admin/")
