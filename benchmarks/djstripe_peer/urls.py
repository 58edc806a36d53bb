"""Where does dj-stripe receive its webhooks?"""

from django.urls import include, path

urlpatterns = [path("stripe/", include("djstripe.urls", namespace="djstripe"))]
