"""Which addresses does the crawled site have? The example site's, and every surface that a site may add."""

from django.contrib.auth.models import AnonymousUser
from django.contrib.syndication.views import Feed
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.template import engines
from django.urls import path, re_path
from wagtail.api.v2.router import WagtailAPIRouter
from wagtail.api.v2.views import PagesAPIViewSet
from wagtail.documents.api.v2.views import DocumentsAPIViewSet
from wagtail.images.api.v2.views import ImagesAPIViewSet
from wagtail.models import Page
from wagtail_lms.models import CoursePage, H5PLessonPage

from example_site.urls import urlpatterns as site_patterns
from example_site.views import pictures
from lms_memberships import clock
from lms_memberships.access import keep_private, teasers, visible_to
from lms_memberships.access.api import MembershipsAPIMixin
from lms_memberships.access.images import ServeGatedImage

try:
    from wagtail.api.v3.urls import api as third
except ImportError:  # before Wagtail 8
    third = None


class MembersPages(MembershipsAPIMixin, PagesAPIViewSet):
    name = "members_pages"


api = WagtailAPIRouter("api")
api.register_endpoint("pages", PagesAPIViewSet)
api.register_endpoint("documents", DocumentsAPIViewSet)
api.register_endpoint("images", ImagesAPIViewSet)
api.register_endpoint("mine", MembersPages)


def search(request: HttpRequest) -> HttpResponseBase:
    """A site's own search, as the documentation has it."""
    return keep_private(JsonResponse({"found": _found(request, lambda rows: _visible(request, rows))}))


def careless_search(request: HttpRequest) -> HttpResponseBase:
    """As a new Wagtail project has it: the negative control. Not among the addresses that are crawled."""
    return JsonResponse({"found": _found(request, lambda rows: rows)})


def _visible(request: HttpRequest, rows):
    return visible_to(rows, request.user, now=clock.now())


def _found(request: HttpRequest, select) -> list[str]:
    words = request.GET.get("q", "")
    rows = [select(model.objects.live()) for model in (CoursePage, H5PLessonPage)]
    pages = [page for row in rows for page in row.search(words)]
    titles = list(select(Page.objects.live()).autocomplete(words))
    return [f"{page.title} {page.specific.__dict__}" for page in (*pages, *titles)]


class News(Feed):
    """A feed that holds members' pages, too."""

    title, link, description = "News", "/", "-"

    def items(self):
        return list(teasers(AnonymousUser(), Page.objects.live().filter(depth__gt=2), now=clock.now()))

    def item_title(self, item):
        return item.title

    def item_description(self, item):
        return item.text

    def item_link(self, item):
        return item.url


def previews(request: HttpRequest) -> HttpResponse:
    """What a link to each page looks like elsewhere."""
    source = (
        "{% load memberships %}{% for page in pages %}{% teaser page as shown %}"
        '<meta property="og:title" content="{{ shown.title }}">'
        '<meta property="og:description" content="{{ shown.text }}">{% endfor %}'
    )
    pages = Page.objects.live().filter(depth__gt=2).specific()
    return keep_private(HttpResponse(engines["django"].from_string(source).render({"pages": pages}, request)))


urlpatterns = [
    path("api/v2/", api.urls),
    *([path("api/v3/", third.urls)] if third else []),
    path("search/", search, name="search"),
    path("careless-search/", careless_search, name="careless_search"),
    path("news/", News(), name="news"),
    path("previews/", previews, name="previews"),
    re_path(r"^signed-images/([^/]*)/(\d*)/([^/]*)/[^/]*$", ServeGatedImage.as_view(), name="wagtailimages_serve"),
    re_path(r"^media/(?P<path>.*)$", pictures.show),
    *site_patterns,
]
