"""Under which key may a piece of a page be cached? One that changes with the answer, so that no ended access stays (S47)."""

from datetime import datetime

from django.db import models

from . import policy
from .words import Person


def cache_key(user: Person, thing: models.Model, *, now: datetime) -> str:
    """The same for all who may open it, and another for each reason why not.

    ``{% cache 600 body key %}``. Decided at each request: what is cached is the piece, never the answer.
    """
    decision = policy.decide(user, thing, now=now)
    return f"{thing._meta.label_lower}.{thing.pk}.{'open' if decision.allowed else decision.reason}"
