"""How does a person pay on Stripe's page? They fill in the form; here over HTTP, without a browser."""

import urllib.error
import urllib.parse
import urllib.request

GOOD_CARD = "4242424242424242"
DECLINED_CARD = "4000000000000002"
AUTHENTICATION_CARD = "4000002500003155"
FAILS_LATER_CARD = "4000000000000341"
# The bank answers five days later: with the money, or without.
PAYING_ACCOUNT = "DE89370400440532013000"
FAILING_ACCOUNT = "DE62370400440532013001"


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: object) -> None:
        return None


def post(url: str, form: dict[str, str]) -> tuple[int, str, str]:
    """(status, Location, body): the browser's next step is the test's to take."""
    request = urllib.request.Request(url, data=urllib.parse.urlencode(form).encode(), method="POST")
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=20) as answer:
            return answer.status, answer.headers.get("Location", ""), answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers.get("Location", ""), error.read().decode()


def get(url: str) -> str:
    """What the page says."""
    with urllib.request.urlopen(url, timeout=20) as answer:
        return answer.read().decode()


def pay(url: str, *, card: str = GOOD_CARD, name: str = "Ada Lind") -> tuple[int, str, str]:
    """Fill in the hosted page's card form and press its button."""
    form = {"name": name, "card_number": card, "expiry": "12 / 34", "cvc": "123", "button": "pay"}
    return post(url, form)


def pay_by_debit(url: str, *, iban: str = PAYING_ACCOUNT, name: str = "Ada Lind") -> tuple[int, str, str]:
    """Give a bank account instead of a card."""
    return post(url, {"name": name, "iban": iban, "button": "pay"})


def start_without_card(url: str) -> tuple[int, str, str]:
    """Press the button of a trial that asks for no card."""
    return post(url, {"name": "", "card_number": "", "expiry": "", "cvc": "", "button": "pay"})


def path_of(location: str) -> str:
    """The path and query of an address on our site, for the test client."""
    parts = urllib.parse.urlsplit(location)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
