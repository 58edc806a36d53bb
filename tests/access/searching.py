"""What does a new Wagtail project's search look like? It knows pages, and asks nobody."""

from django.http import HttpRequest, HttpResponse
from django.urls import path
from wagtail.models import Page


def search(request: HttpRequest) -> HttpResponse:
    found = Page.objects.live().search(request.GET.get("query", ""))
    return HttpResponse(", ".join(page.title for page in found))


urlpatterns = [path("search/", search, name="search")]
