"""What does the Wagtail admin get from us? Each part registers its own; here they are named and put together."""

from django.apps import apps

from . import history  # noqa: F401
from .access import hooks as access_hooks  # noqa: F401
from .creator import deleting_hooks, email_hooks, health_hooks, payment_settings, stripe_hooks  # noqa: F401
from .creator.attention import hooks as attention_hooks  # noqa: F401
from .creator.gifts import hooks as gift_hooks  # noqa: F401
from .creator.guests import hooks as guest_hooks  # noqa: F401
from .creator.invitations import hooks as invitation_hooks  # noqa: F401
from .creator.invoices import hooks as invoice_hooks  # noqa: F401
from .creator.ladders import hooks as ladder_hooks  # noqa: F401
from .creator.limits import hooks as limit_hooks  # noqa: F401
from .creator.memberships import hooks as listing_hooks  # noqa: F401
from .creator.memberships.views import MembershipIndexView
from .creator.people import hooks as people_hooks  # noqa: F401
from .creator.person import hooks as person_hooks  # noqa: F401
from .creator.prices import hooks as price_hooks  # noqa: F401
from .creator.promotions import hooks as promotion_hooks  # noqa: F401
from .creator.queues import hooks as queue_hooks
from .creator.refunds import hooks as refund_hooks  # noqa: F401
from .creator.reports import hooks as report_hooks  # noqa: F401
from .creator.sharing import hooks as sharing_hooks  # noqa: F401
from .webhooks.waking import wake_worker
from .wizard import hooks as wizard_hooks

# The wizard and the listing do not know each other, nor the webhooks and theirs: they meet here.
wizard_hooks.register(index_view_class=MembershipIndexView)
queue_hooks.register(wake_for_webhooks=wake_worker)

if apps.is_installed("wagtail_lms"):
    from .integrations.wagtail_lms import hooks as lms_hooks  # noqa: F401
