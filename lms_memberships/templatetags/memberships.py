"""What can a site's templates ask and show? ``{% load memberships %}``."""

from django import template
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.template import Context

from .. import clock, punctuation
from ..access import caching, policy, showing
from ..access.showing import Teaser
from ..access.words import Person
from ..health import verdict
from .portal_tags import register_portal_tags

register = template.Library()
register_portal_tags(register)


@register.simple_tag(takes_context=True)
def can_open(context: Context, item: object) -> bool:
    """``{% can_open course as allowed %}``: whether the reader may open it. A page that asks depends on its reader."""
    return policy.decide(_reader(context), item, now=clock.now()).allowed


@register.simple_tag(takes_context=True)
def teaser(context: Context, item: models.Model) -> Teaser:
    """``{% teaser course as shown %}``: title, text and address that may stand there, whoever reads them."""
    return showing.teaser(_reader(context), item, now=clock.now())


@register.simple_tag(takes_context=True)
def membership_cache_key(context: Context, item: models.Model) -> str:
    """``{% membership_cache_key course as key %}{% cache 600 lessons key %}``: changes when access does."""
    return caching.cache_key(_reader(context), item, now=clock.now())


def _reader(context: Context) -> Person:
    request = context.get("request")
    return getattr(request, "user", None) or context.get("user") or AnonymousUser()


@register.simple_tag
def red_lights() -> list[str]:
    """``{% red_lights as red %}``: what the health page would show in red, by its labels."""
    return [str(light.label) for light in verdict.red_lights(now=clock.wall_time())]


@register.simple_tag
def colon() -> str:
    """``{{ what }}{% colon %}{{ value }}``: as the reader's language writes it, with the spaces around it."""
    return punctuation.colon()
