"""In which state is an invitation, what does it give and how often was it used, in words for a creator?"""

from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from ...memberships import promotions
from ...memberships.invitation_models import InvitationLink
from ...memberships.pricing import price_text

ACTIVE, USED_UP, EXPIRED, REVOKED = "active", "used_up", "expired", "revoked"
LABELS: dict[str, str | Promise] = {
    ACTIVE: pgettext_lazy("invitation", "Active"),
    USED_UP: pgettext_lazy("invitation", "Used up"),
    EXPIRED: pgettext_lazy("invitation", "Expired"),
    REVOKED: pgettext_lazy("invitation", "Taken back"),
}


def state_of(link: InvitationLink, *, now: datetime) -> str:
    """One word, as ``inviting.in_state`` asks the database; loaded ``with_uses``."""
    if link.revoked_at is not None:
        return REVOKED
    if link.max_uses is not None and link.used >= link.max_uses:
        return USED_UP
    return EXPIRED if link.is_over(now) else ACTIVE


def use_of(link: InvitationLink) -> str:
    """ "3 of 50", or "3"."""
    if link.max_uses is None:
        return str(link.used)
    return _("%(used)d of %(most)d") % {"used": link.used, "most": link.max_uses}


def cost_of(link: InvitationLink, language: str) -> str:
    """The price, or how long it is free."""
    if link.price is not None:
        return price_text(link.price.money, link.price.interval, language)
    if link.days is not None:
        text = ngettext("Free for %(days)d day", "Free for %(days)d days", link.days)
        return text % {"days": link.days}
    if link.access_until is not None:
        return _("Free until %(day)s") % {"day": promotions.last_day_of(link.access_until)}
    return str(gettext_lazy("Free for good"))


def last_day_of(link: InvitationLink) -> object:
    return promotions.last_day_of(link.expires_at) if link.expires_at else None
