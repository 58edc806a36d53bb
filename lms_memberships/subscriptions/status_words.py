"""What is a status called where people read it? One table, in the provider's order."""

from django.utils.translation import gettext_lazy as _

from ..payments.gateway import SubscriptionStatus

STATUS_LABELS = {
    SubscriptionStatus.INCOMPLETE: _("waiting for the first payment"),
    SubscriptionStatus.INCOMPLETE_EXPIRED: _("never paid"),
    SubscriptionStatus.TRIALING: _("free trial"),
    SubscriptionStatus.ACTIVE: _("active"),
    SubscriptionStatus.PAST_DUE: _("payment failed"),
    SubscriptionStatus.UNPAID: _("unpaid"),
    SubscriptionStatus.PAUSED: _("paused"),
    SubscriptionStatus.CANCELED: _("ended"),
}
