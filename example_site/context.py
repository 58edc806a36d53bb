"""What does every page of the school know?"""

from datetime import datetime
from typing import TypedDict

from django.conf import settings
from django.http import HttpRequest

from . import demo_clock


class Demo(TypedDict):
    now: datetime
    dashboard: str


def school(request: HttpRequest) -> dict[str, Demo | None]:
    """What the demo bar shows; nothing outside the demo. Asks no database."""
    if not settings.DEMO:
        return {"demo": None}
    base = getattr(settings, "LMS_MEMBERSHIPS_STRIPE_API_BASE", "").rstrip("/")
    return {"demo": {"now": demo_clock.now(), "dashboard": f"{base}/_sandbox/" if base else ""}}
