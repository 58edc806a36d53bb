"""Which pages does a student see, and at which address?"""

from django.urls import path

from ..retrying import unwrapped
from . import (
    account,
    buying,
    claiming,
    embedding,
    giving,
    guests,
    inviting,
    leaving,
    redeeming,
    shop,
    switching,
    tiers,
    waiting,
)

urlpatterns = unwrapped(
    [
        path("", shop.MembershipList.as_view(), name="list"),
        path("account/", account.show, name="account"),
        path("account/<int:pk>/cancel/", account.cancel, name="cancel"),
        path("account/<int:pk>/resume/", account.resume, name="resume"),
        path("account/<int:pk>/switch/", switching.switch, name="switch"),
        path("account/<int:pk>/keep/", switching.keep, name="keep"),
        path("account/delete/", leaving.leave, name="leave"),
        path("invoices/", account.InvoiceList.as_view(), name="invoices"),
        path("invoices/<int:pk>/", account.invoice, name="invoice"),
        path("tiers/<int:pk>/", tiers.show, name="tiers"),
        path("done/", buying.done, name="done"),
        path("invitation/<str:token>/", inviting.invitation, name="invitation"),
        path("invitation/again/<int:pk>/", inviting.again, name="invitation_again"),
        path("embed/<str:slug>/", embedding.card, name="embed"),
        path("guest/", guests.guest_links_page, name="guest_links"),
        path("guest/done/", guests.guest_done, name="guest_done"),
        path("claim/<str:token>/", claiming.claim, name="claim"),
        path("claim/<str:token>/return/", claiming.claim_return, name="claim_return"),
        path("gifts/", giving.GiftList.as_view(), name="gifts"),
        path("gifts/done/", giving.done, name="gift_done"),
        path("gifts/<int:pk>/", giving.given, name="given"),
        path("<str:slug>/", shop.detail, name="detail"),
        path("<str:slug>/buy/", buying.buy, name="buy"),
        path("<str:slug>/guest/", guests.buy_as_guest, name="buy_as_guest"),
        path("<str:slug>/gift/", giving.give, name="give"),
        path("<str:slug>/waiting/", waiting.wait, name="wait"),
        path("<str:slug>/waiting/stop/", waiting.stop, name="stop_waiting"),
        # After those of a membership that is called "gift": no link of a gift is one of their words.
        path("gift/<str:token>/", redeeming.gift, name="gift"),
    ]
)
