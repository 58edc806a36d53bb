"""What if a view of ours is mounted and nobody says who may use it? The site's addresses and one more."""

from django.urls import path

from example_site.urls import handler403, handler404, handler500, urlpatterns  # noqa: F401
from lms_memberships.portal.account import show

urlpatterns = [path("forgotten/", show, name="forgotten"), *urlpatterns]
