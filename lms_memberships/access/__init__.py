"""Who may open what, and why not? The public names of access; ``policy.decide`` is the one answer."""

from .gate import MembershipRequiredMixin, keep_private, membership_required
from .policy import Decision, decide, items_open_to
from .reasons import Reason

__all__ = [
    "Decision",
    "MembershipRequiredMixin",
    "Reason",
    "decide",
    "items_open_to",
    "keep_private",
    "membership_required",
]
