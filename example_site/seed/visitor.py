"""How does the seed buy as a student does: over HTTP, through the site and the hosted page?"""

import re
from urllib.parse import urljoin

import requests
from django.utils import timezone

from lms_memberships import clock

SUCCEEDS = "4242424242424242"
FAILS_AT_RENEWAL = "4000000000000341"

TIMEOUT_SECONDS = 30
CANCEL_ADDRESS = re.compile(r"/memberships/account/\d+/cancel/")
OFFER = re.compile(r'name="offer"[^>]*value="(\d+)"')
FORM_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')

#: What one who leaves says beside the button.
WHY = {"feedback": "unused", "comment": "I move to the seaside, and have no kiln there."}


class VisitFailed(Exception):
    """The site or the hosted page answered something that a student could not go on from."""


class Visitor:
    """A student with a browser."""

    def __init__(self, *, site: str, username: str, name: str, password: str) -> None:
        self.site = site
        self.name = name
        self.browser = requests.Session()
        page = "/accounts/login/"
        self._submit(page, {"login": username, "password": password})

    def buy(self, slug: str, *, card: str = "") -> None:
        """Join, and pay on the hosted page; without a card where the trial asks for none."""
        self._pay(self._submit(f"/memberships/{slug}/buy/", {}, follow=False), card=card)

    def give(self, slug: str, *, to: str, card: str) -> None:
        """For the shortest time that is offered; handed over by the giver."""
        page = f"/memberships/{slug}/gift/"
        offer = OFFER.search(self._checked(self.browser.get(f"{self.site}{page}", timeout=TIMEOUT_SECONDS)).text)
        if not offer:
            raise VisitFailed(f"{self.name} finds nothing to give at {page}")
        form = {
            "offer": offer.group(1),
            "recipient_name": to,
            "delivery": "hand",
            "deliver_on": timezone.localdate(clock.now()).isoformat(),
            "from_name": self.name,
        }
        self._pay(self._submit(page, form, follow=False), card=card)

    def _pay(self, pressed: requests.Response, *, card: str) -> None:
        where_to_pay = urljoin(self.site, pressed.headers.get("Location", ""))
        if not pressed.is_redirect or where_to_pay.startswith(self.site):
            raise VisitFailed(f"{self.name} was not sent to the hosted page but to {where_to_pay}")
        form = {"button": "pay", "name": self.name, "terms": "on"}
        if card:
            form |= {"card_number": card, "expiry": "12 / 34", "cvc": "123"}
        self._checked(self.browser.get(where_to_pay, timeout=TIMEOUT_SECONDS))
        # Ends on the site's own "done" page, as for everybody.
        self._checked(self.browser.post(where_to_pay, data=form, timeout=TIMEOUT_SECONDS))

    def cancel(self) -> None:
        account = self._checked(self.browser.get(f"{self.site}/memberships/account/", timeout=TIMEOUT_SECONDS))
        found = CANCEL_ADDRESS.search(account.text)
        if not found:
            raise VisitFailed(f"{self.name} finds no way to cancel on the account page.")
        self._submit(found.group(), WHY)

    def _submit(self, path: str, fields: dict[str, str], *, follow: bool = True) -> requests.Response:
        address = f"{self.site}{path}"
        page = self._checked(self.browser.get(address, timeout=TIMEOUT_SECONDS))
        token = FORM_TOKEN.search(page.text)
        if not token:
            raise VisitFailed(f"{address} shows no form.")
        return self._checked(
            self.browser.post(
                address,
                data={**fields, "csrfmiddlewaretoken": token.group(1)},
                headers={"Referer": address},
                allow_redirects=follow,
                timeout=TIMEOUT_SECONDS,
            )
        )

    def _checked(self, answer: requests.Response) -> requests.Response:
        if answer.status_code >= 400:
            raise VisitFailed(f"{answer.request.method} {answer.url} answered {answer.status_code}.")
        return answer
