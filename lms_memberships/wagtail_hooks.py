"""What does the Wagtail admin get from us? Each part registers its own; here they are named and put together."""

from django.apps import apps

from . import history  # noqa: F401
from .access import hooks as access_hooks  # noqa: F401
from .creator import email_hooks, stripe_hooks  # noqa: F401
from .creator.memberships import hooks as listing_hooks  # noqa: F401
from .creator.memberships.views import MembershipIndexView
from .wizard import hooks as wizard_hooks

# The wizard and the listing do not know each other: they meet here.
wizard_hooks.register(index_view_class=MembershipIndexView)

if apps.is_installed("wagtail_lms"):
    from .integrations.wagtail_lms import hooks as lms_hooks  # noqa: F401
