"""What is measured over HTTP? Our own addresses, and beside them the least that a webhook view could do."""

from django.urls import include, path

from .floor import bare_insert

urlpatterns = [
    path("memberships/", include("lms_memberships.urls")),
    path("lms/", include("lms_memberships.integrations.wagtail_lms.urls")),
    path("floor/", bare_insert),
]
