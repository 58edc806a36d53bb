"""A site whose media view leaves the packages out."""

from django.conf import settings
from django.urls import include, path, re_path
from wagtail import urls as wagtail_urls
from wagtail.admin import urls as wagtailadmin_urls

from lms_memberships.integrations.wagtail_lms.media import serve

urlpatterns = [
    path("admin/", include(wagtailadmin_urls)),
    path("lms/", include("lms_memberships.integrations.wagtail_lms.urls")),
    path("memberships/", include("lms_memberships.urls")),
    path("accounts/", include("allauth.urls")),
    re_path(r"^media/(?P<path>.*)$", serve, {"document_root": settings.MEDIA_ROOT}),
    path("", include(wagtail_urls)),
]
