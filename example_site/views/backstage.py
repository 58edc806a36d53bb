"""What can a newcomer do in the demo, and as whom?"""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from ..seed.people import PASSWORD
from .mailbox import only_in_the_demo


@dataclass(frozen=True)
class Role:
    username: str
    does: Promise
    lands_at: str

    @property
    def address(self) -> str:
        return reverse(self.lands_at)


ROLES = (
    Role("admin", _("runs the site: Stripe, e-mails, people, everything"), "wagtailadmin_home"),
    Role("creator", _("makes and sells memberships in the Wagtail admin"), "wagtailadmin_home"),
    Role("student", _("buys one and learns"), "lms_memberships:account"),
)


@only_in_the_demo
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    context = {"roles": ROLES, "password": PASSWORD}
    return render(request, "example_site/backstage.html", context)
