"""Which change of tier does a member wait for, and in which words?"""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ..memberships.models import Price
from ..memberships.pricing import price_text
from ..subscriptions import amounts, tier_changes
from ..subscriptions.change_models import TierChange
from ..subscriptions.models import Subscription
from .dates import day_of

#: A change that has not come true yet.
CHANGE_TEXTS: dict[str, str | Promise] = {
    TierChange.State.BEGUN: _("The change to %(title)s is on its way. Please look again in a few minutes."),
    TierChange.State.WAITING: _("The change to %(title)s waits for your payment. Until then nothing changes."),
    TierChange.State.PLANNED: _("Changes to %(title)s on %(date)s. From then on you pay %(price)s."),
}
#: Of one that ends, also by Stripe's own pages: the change is dropped, unless its payment comes first.
ENDING_TEXT = _(
    "The change to %(title)s is not paid, and is dropped. Should its payment come all the same, %(title)s is yours until "
    "the end."
)
#: What whoever cancels hears of it before the press. Without its name: a link in a mail is looked at by others, too.
DROPPED_TEXTS: dict[str, str | Promise] = {
    TierChange.State.WAITING: _(
        "The change that waits for your payment is dropped too, and nothing is charged for it."
    ),
    TierChange.State.PLANNED: _(
        "The change that is planned is dropped too. If you take the cancellation back, it is not planned again."
    ),
}
#: Of the same membership: another rhythm.
NEW_RHYTHM = _("From %(date)s you pay %(price)s.")


def running_of(subscription: Subscription) -> TierChange | None:
    if hasattr(subscription, tier_changes.PREFETCHED):
        return tier_changes.prefetched_of(subscription)
    return tier_changes.running_of(subscription)


def name_of(price: Price, held: Subscription, language: str) -> str:
    """What somebody changes to: a membership; with its price where the membership stays."""
    if price.membership_id != held.membership_id:
        return price.membership.title
    words = {"title": price.membership.title, "price": price_text(price.money, price.interval, language)}
    return str(_("%(title)s at %(price)s") % words)


def dropped_text(change: TierChange | None) -> str:
    """What cancelling makes of it. Empty: nothing is on its way, or nobody knows yet."""
    return "" if change is None else str(DROPPED_TEXTS.get(change.state, ""))


def text_of(change: TierChange | None, language: str, *, ends: bool) -> str:
    """``ends``: of a membership that is cancelled."""
    if change is None:
        return ""
    names = {
        "title": change.membership.title,
        "date": day_of(change.due_at, language),
        "price": amounts.less(amounts.text_of(change.price, language), is_reduced=change.subscription.is_reduced),
    }
    if ends and change.state == TierChange.State.WAITING:
        return str(ENDING_TEXT) % names
    is_rhythm = change.state == TierChange.State.PLANNED and change.membership_id == change.subscription.membership_id
    return str(NEW_RHYTHM if is_rhythm else CHANGE_TEXTS[change.state]) % names
