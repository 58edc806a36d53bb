"""What a test of the sandbox sells, and to whom."""

import stripe

from lms_memberships.sandbox.actions import Outcome
from lms_memberships.sandbox.server import Sandbox

GOOD = "4242424242424242"
DECLINED = "4000000000000002"
FAILS_LATER = "4000000000000341"
NEEDS_PERSON_ONCE = "4000002500003155"
NEEDS_PERSON_ALWAYS = "4000002760003184"
DAY = 24 * 3600
HOUR = 3600


class Shop:
    """A thin hand on the real client and on the hosted pages."""

    def __init__(self, sandbox: Sandbox, client: stripe.StripeClient) -> None:
        self.sandbox = sandbox
        self.client = client
        self.api = client.v1

    def price(self, amount: int = 1900, *, interval: str | None = "month", count: int = 1, **more) -> stripe.Price:
        product = self.api.products.create({"name": "Gold"})
        recurring = {"recurring": {"interval": interval, "interval_count": count}} if interval else {}
        return self.api.prices.create(
            {"product": product.id, "currency": "eur", "unit_amount": amount, **recurring, **more}
        )

    def customer(self, email: str = "ada@school.test") -> stripe.Customer:
        return self.api.customers.create({"email": email, "name": "Ada"})

    def session(self, price: stripe.Price, **more) -> stripe.checkout.Session:
        mode = "subscription" if price.recurring else "payment"
        params = {
            "mode": mode,
            "line_items": [{"price": price.id, "quantity": 1}],
            "success_url": "https://school.test/done?session={CHECKOUT_SESSION_ID}",
            "cancel_url": "https://school.test/gold",
        }
        return self.api.checkout.sessions.create(params | more)

    def pay(self, session: stripe.checkout.Session, card: str = GOOD) -> Outcome:
        return self.sandbox.actions.pay_checkout(session.id, email="ada@school.test", name="Ada Lind", **typed(card))

    def buy(self, price: stripe.Price, *, card: str = GOOD, **more) -> stripe.Subscription:
        session = self.session(price, **more)
        outcome = self.pay(session, card)
        assert outcome.kind in ("paid", "started"), outcome
        return self.read(self.api.checkout.sessions.retrieve(session.id).subscription)

    def read(self, subscription: stripe.Subscription | str) -> stripe.Subscription:
        subscription_id = subscription if isinstance(subscription, str) else subscription.id
        return self.api.subscriptions.retrieve(subscription_id, {"expand": ["latest_invoice"]})

    def advance(self, *, days: float = 0, hours: float = 0) -> None:
        self.sandbox.actions.advance_clock(seconds=int(days * DAY + hours * HOUR))

    def events(self, *types: str) -> list[stripe.Event]:
        """Oldest first."""
        params = {"limit": 100, "types": list(types)} if types else {"limit": 100}
        return list(reversed(list(self.api.events.list(params).auto_paging_iter())))

    def told(self) -> list[str]:
        return [event.type for event in self.events()]


def typed(card: str) -> dict[str, str]:
    return {"card_number": card, "exp_month": "12", "exp_year": "2034", "cvc": "123"}


def period(subscription: stripe.Subscription) -> tuple[int, int]:
    item = subscription["items"].data[0]
    return item.current_period_start, item.current_period_end
