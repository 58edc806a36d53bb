"""Which pages does a student see, and at which address?"""

from django.urls import path, register_converter

from ..retrying import unwrapped
from . import (
    account,
    billing,
    buying,
    cancelling,
    cancelling_by_link,
    claiming,
    embedding,
    giving,
    guests,
    inviting,
    leaving,
    pausing,
    paying,
    redeeming,
    shop,
    switching,
    tiers,
    waiting,
    withdrawing,
    withdrawing_by_link,
)


class UnicodeSlug:
    """What a membership's address is made of, in any script. Of anything else no database is asked (S45)."""

    regex = r"[-\w]+"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(UnicodeSlug, "lmsm_slug")

urlpatterns = unwrapped(
    [
        path("", shop.MembershipList.as_view(), name="list"),
        path("account/", account.show, name="account"),
        path("account/<int:pk>/cancel/", cancelling.cancel, name="cancel"),
        path("account/<int:pk>/resume/", cancelling.resume, name="resume"),
        path("account/<int:pk>/stay/", cancelling.stay, name="stay"),
        path("account/<int:pk>/withdraw/", withdrawing.withdraw, name="withdraw"),
        path("account/<int:pk>/pause/", pausing.pause, name="pause"),
        path("account/<int:pk>/continue/", pausing.go_on, name="continue"),
        path("account/<int:pk>/switch/", switching.switch, name="switch"),
        path("account/<int:pk>/keep/", switching.keep, name="keep"),
        path("account/<int:pk>/mend/", paying.mend, name="mend"),
        path("account/delete/", leaving.leave, name="leave"),
        path("portal/", billing.portal, name="portal"),
        path("portal/back/", billing.back, name="portal_back"),
        path("invoices/", account.InvoiceList.as_view(), name="invoices"),
        path("invoices/<int:pk>/", account.invoice, name="invoice"),
        path("invoices/<int:pk>/pay/", paying.pay, name="pay_invoice"),
        path("invoices/<int:pk>/try/", paying.try_again, name="try_invoice"),
        path("invoices/<int:pk>/pdf/", paying.pdf, name="invoice_pdf"),
        path("tiers/<int:pk>/", tiers.show, name="tiers"),
        path("done/", buying.done, name="done"),
        path("invitation/<str:token>/", inviting.invitation, name="invitation"),
        path("invitation/again/<int:pk>/", inviting.again, name="invitation_again"),
        path("embed/<lmsm_slug:slug>/", embedding.card, name="embed"),
        path("guest/", guests.guest_links_page, name="guest_links"),
        path("guest/done/", guests.guest_done, name="guest_done"),
        path("guest/withdraw/<str:token>/", withdrawing_by_link.withdraw_as_guest, name="withdraw_guest"),
        path("claim/<str:token>/", claiming.claim, name="claim"),
        path("claim/<str:token>/return/", claiming.claim_return, name="claim_return"),
        path("gifts/", giving.GiftList.as_view(), name="gifts"),
        path("gifts/done/", giving.done, name="gift_done"),
        path("gifts/<int:pk>/", giving.given, name="given"),
        path("gifts/<int:pk>/withdraw/", withdrawing.withdraw_gift, name="withdraw_gift"),
        path("<lmsm_slug:slug>/", shop.detail, name="detail"),
        path("<lmsm_slug:slug>/buy/", buying.buy, name="buy"),
        path("<lmsm_slug:slug>/guest/", guests.buy_as_guest, name="buy_as_guest"),
        path("<lmsm_slug:slug>/gift/", giving.give, name="give"),
        path("<lmsm_slug:slug>/waiting/", waiting.wait, name="wait"),
        path("<lmsm_slug:slug>/waiting/stop/", waiting.stop, name="stop_waiting"),
        # After those of a membership that is called "gift" or "cancel": no link of a gift is one of their words.
        path("gift/<str:token>/", redeeming.gift, name="gift"),
        path("cancel/<str:token>/", cancelling_by_link.cancel_by_link, name="cancel_link"),
    ]
)
