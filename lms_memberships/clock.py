"""What time is it for the domain? ``now()`` is the only clock that trials, access and pages read."""

from datetime import datetime

from django.utils import timezone
from django.utils.module_loading import import_string

from . import conf


def now() -> datetime:
    """The domain's present moment, aware, in UTC; ``LMS_MEMBERSHIPS_CLOCK`` replaces its source."""
    source = conf.CLOCK
    return import_string(source)() if source else wall_time()


def wall_time() -> datetime:
    """Real time: for the order of reads, leases, rate limits and signatures, never for the domain."""
    return timezone.now()
