"""Who may open what, and why not? The public names of access; ``policy.decide`` is the one answer."""

from .caching import cache_key
from .gate import MembershipRequiredMixin, keep_private, membership_required
from .policy import Decision, decide, items_open_to
from .reasons import Reason
from .showing import Teaser, teaser, teasers
from .visible import visible_to

__all__ = [
    "Decision",
    "MembershipRequiredMixin",
    "Reason",
    "Teaser",
    "cache_key",
    "decide",
    "items_open_to",
    "keep_private",
    "membership_required",
    "teaser",
    "teasers",
    "visible_to",
]
