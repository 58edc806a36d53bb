"""Which app holds the school's own pages, sessions and products."""

from django.apps import AppConfig, apps
from django.utils.translation import gettext_lazy as _


class ExampleSiteConfig(AppConfig):
    name = "example_site"
    label = "example_site"
    verbose_name = _("School")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # The benchmarks run the site without it.
        if apps.is_installed("allauth.account"):
            from . import receivers  # noqa: F401, PLC0415 - they need the models
