"""How should the add-on not be mounted? With a language in the address that Stripe calls."""

from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path

urlpatterns = i18n_patterns(path("memberships/", include("lms_memberships.urls")))
