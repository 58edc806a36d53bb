"""Where does Stripe call us? ``<mount>/webhooks/stripe/``, and the same without the slash (A11)."""

from django.urls import path

from .receive import receive

urlpatterns = [
    path("stripe/", receive, name="webhook"),
    # A POST cannot be redirected, and people leave the slash out when they type the address at Stripe.
    path("stripe", receive, name="webhook_without_slash"),
]
