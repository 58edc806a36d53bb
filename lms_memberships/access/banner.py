"""How does an editor learn that a page is closed to others? An item of Wagtail's userbar, with a look as a visitor (S48)."""

from django.http import HttpRequest
from django.utils.translation import gettext as _
from wagtail.admin.userbar import BaseItem

from .. import clock
from . import gate, policy
from .words import PageOrAlias


class MembersOnlyItem(BaseItem):
    """Shown to those only who pass because they may edit the page, and to nobody else."""

    template_name = "lms_memberships/access/userbar_item.html"

    def __init__(self, address: str, text: str) -> None:
        super().__init__()
        self.address = address
        self.text = text


def add_banner(request: HttpRequest, items: list, page: PageOrAlias | None) -> None:
    """For ``construct_wagtail_userbar``."""
    if page is None or page.pk is None or getattr(request, "is_preview", False):
        return
    visitors = policy.decide(gate.user_of(request), page, now=clock.now())  # noqa: TID251 - a gate
    if visitors.reason in gate.STAFF and gate.is_closed_to_visitors(page):
        address = f"{request.path}?{gate.AS}={gate.VISITOR}"
        items.append(MembersOnlyItem(address, _("Members only: you see it because you may edit it. Look as a visitor")))
