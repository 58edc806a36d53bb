"""What can a site's templates ask and show? ``{% load memberships %}``."""

from django import template
from django.contrib.auth.models import AnonymousUser
from django.template import Context

from .. import clock
from ..access import policy
from .portal_tags import register_portal_tags

register = template.Library()
register_portal_tags(register)


@register.simple_tag(takes_context=True)
def can_open(context: Context, item: object) -> bool:
    """``{% can_open course as allowed %}``: whether the reader may open it. A page that asks depends on its reader."""
    request = context.get("request")
    user = getattr(request, "user", None) or context.get("user") or AnonymousUser()
    return policy.decide(user, item, now=clock.now()).allowed
