"""Which settings about prices contradict themselves? For Django's system checks."""

from collections.abc import Iterator

from django.core import checks

from .. import conf
from . import taxes


def tax_behavior_is_known() -> Iterator[checks.CheckMessage]:
    """Stripe would refuse every price (X16)."""
    if conf.TAX_BEHAVIOR not in taxes.BEHAVIORS:
        yield checks.Error(
            f"LMS_MEMBERSHIPS_TAX_BEHAVIOR is {conf.TAX_BEHAVIOR!r}.",
            hint="It is “inclusive” (tax is part of the price) or “exclusive” (tax is added).",
            id="lms_memberships.E050",
        )
