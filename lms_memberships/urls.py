"""Where do the pages of the add-on live? Mount this once: ``path("memberships/", include("lms_memberships.urls"))``."""

from django.urls import include, path

app_name = "lms_memberships"

urlpatterns = [
    path("webhooks/", include("lms_memberships.webhooks.urls")),
    path("", include("lms_memberships.portal.urls")),
]
