"""A site with every surface through which Wagtail shows pages: the example site's addresses, and the API."""

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.generic import DetailView
from wagtail.api.v2.router import WagtailAPIRouter
from wagtail.api.v2.views import PagesAPIViewSet

from example_site.models import LiveSession
from example_site.urls import urlpatterns as site_patterns
from lms_memberships.access import MembershipRequiredMixin, membership_required

api = WagtailAPIRouter("api")
api.register_endpoint("pages", PagesAPIViewSet)


@membership_required(lambda request, pk: LiveSession.objects.get(pk=pk))
def by_decorator(request: HttpRequest, pk: int) -> HttpResponse:
    return HttpResponse("the way in")


class ByMixin(MembershipRequiredMixin, DetailView):
    model = LiveSession

    def get(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        return HttpResponse("the way in")


urlpatterns = [
    path("api/", api.urls),
    path("by-decorator/<int:pk>/", by_decorator),
    path("by-mixin/<int:pk>/", ByMixin.as_view()),
    *site_patterns,
]
