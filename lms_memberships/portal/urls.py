"""Which pages does a student see, and at which address?"""

from django.urls import path

from . import account, buying, shop

urlpatterns = [
    path("", shop.MembershipList.as_view(), name="list"),
    path("account/", account.show, name="account"),
    path("account/<int:pk>/cancel/", account.cancel, name="cancel"),
    path("account/<int:pk>/resume/", account.resume, name="resume"),
    path("invoices/", account.InvoiceList.as_view(), name="invoices"),
    path("invoices/<int:pk>/", account.invoice, name="invoice"),
    path("done/", buying.done, name="done"),
    path("<str:slug>/", shop.detail, name="detail"),
    path("<str:slug>/buy/", buying.buy, name="buy"),
]
