"""How does the app start? It connects reactions, checks and signal receivers, nothing else."""

from django.apps import AppConfig, apps
from django.utils.translation import gettext_lazy as _


class MembershipsConfig(AppConfig):
    name = "lms_memberships"
    label = "lms_memberships"
    verbose_name = _("Memberships")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import checks, clock, events, masking, reactions
        from .access import receivers
        from .bundles import catalogue
        from .emails import tracking
        from .memberships import bundle_edits, publishing

        masking.connect()
        checks.register()
        events.connect(reactions.react)
        catalogue.connect()
        publishing.connect(now=clock.now)
        bundle_edits.connect(now=clock.now)
        receivers.connect()
        tracking.connect()
        if apps.is_installed("wagtail_lms"):
            from .integrations.wagtail_lms import checks as lms_checks

            lms_checks.register()
