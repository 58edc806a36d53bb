"""What if a view breaks while DEBUG is on? The site's addresses and one that always does."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from example_site.urls import urlpatterns as the_sites


def broken(request: HttpRequest) -> HttpResponse:
    msg = "broken on purpose"
    raise RuntimeError(msg)


urlpatterns = [path("broken/", broken, name="broken"), *the_sites]
