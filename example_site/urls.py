"""Which address answers what?"""

import re

from django.conf import settings
from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path, re_path
from django.views.i18n import set_language
from wagtail import urls as wagtail_urls
from wagtail.admin import urls as wagtailadmin_urls
from wagtail.contrib.sitemaps.views import sitemap
from wagtail.documents import urls as wagtaildocs_urls

from .sitemaps import SchoolSitemap
from .views import backstage, live, mailbox, pictures, shop

urlpatterns = [
    path("admin/", include(wagtailadmin_urls)),
    path("documents/", include(wagtaildocs_urls)),
    path("sitemap.xml", sitemap, {"sitemaps": {"pages": SchoolSitemap}}, name="sitemap"),
    path("language/", set_language, name="set_language"),
    path("accounts/", include("allauth.urls")),
    # Stripe's calls come without a language, and the LMS launches its packages under /lms/ only.
    path("memberships/", include("lms_memberships.urls")),
    path("lms/", include("lms_memberships.integrations.wagtail_lms.urls")),
    path("live/", live.index, name="live_sessions"),
    path("live/<slug:slug>/", live.Detail.as_view(), name="live_session"),
    path("live/<slug:slug>.ics", live.Calendar.as_view(), name="live_session_calendar"),
    path("shop/", shop.index, name="products"),
    path("shop/<slug:slug>/", shop.Detail.as_view(), name="product"),
    path("shop/<slug:slug>/download/", shop.Download.as_view(), name="product_download"),
    path("demo/", backstage.show, name="demo"),
    path("demo/mailbox/", mailbox.index, name="mailbox"),
    path("demo/mailbox/<int:pk>/", mailbox.detail, name="mail"),
    path("demo/mailbox/<int:pk>/html/", mailbox.html_part, name="mail_html"),
]

if settings.DEBUG:
    media = re.escape(settings.MEDIA_URL.lstrip("/"))
    urlpatterns += [re_path(rf"^{media}(?P<path>.*)$", pictures.show)]

# Pages have a language in their address; English has no prefix.
urlpatterns += i18n_patterns(path("", include(wagtail_urls)), prefix_default_language=False)

handler403 = "example_site.views.errors.forbidden"
handler404 = "example_site.views.errors.not_found"
handler500 = "example_site.views.errors.broken"
