"""Which e-mails did the demo send, and how do they look?"""

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from ..models import SentMail

PER_PAGE = 20
# No script, no form, no request to anywhere: whatever an e-mail contains, it only shows.
MAIL_POLICY = (
    "sandbox allow-popups; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'self'"
)

View = Callable[..., HttpResponse]


def only_in_the_demo(view: View) -> View:
    """The mailbox shows everybody's mail: outside the demo it does not exist."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not settings.DEMO:
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


@only_in_the_demo
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    wanted = request.GET.get("q", "").strip()
    mails = SentMail.objects.defer("text", "html", "headers")
    if wanted:
        mails = mails.filter(Q(subject__icontains=wanted) | Q(recipients__icontains=wanted) | Q(text__icontains=wanted))
    page = Paginator(mails, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "example_site/mailbox.html", {"mails": page, "wanted": wanted})


@only_in_the_demo
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    mail = get_object_or_404(SentMail, pk=pk)
    return render(request, "example_site/mail.html", {"mail": mail})


@only_in_the_demo
@require_safe
def html_part(request: HttpRequest, pk: int) -> HttpResponse:
    mail = get_object_or_404(SentMail, pk=pk)
    if not mail.html:
        raise Http404
    return HttpResponse(
        mail.html,
        headers={"Content-Security-Policy": MAIL_POLICY, "X-Frame-Options": "SAMEORIGIN"},
    )
