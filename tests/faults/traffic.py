"""What goes on at Stripe while nobody here hears of it? A small school's students, each with a story of their own."""

from collections import Counter
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

from django.contrib.auth import get_user_model
from django.core import mail
from django.core.management import CommandError, call_command

from lms_memberships.memberships.models import Membership
from lms_memberships.models import Checkout, Invoice, Subscription
from lms_memberships.payments import connect
from lms_memberships.subscriptions import checkout
from tests import hosted
from tests.factories import MembershipFactory, UserFactory, publish, put_into
from tests.faults.rig import oracle
from tests.faults.rig.stripe import StripeProcess

URLS = ("http://testserver/memberships/done/?session_id={CHECKOUT_SESSION_ID}", "http://testserver/memberships/")
#: Attached without a word, and refused at the first renewal.
FAILS_LATER = hosted.FAILS_LATER_CARD


@dataclass
class School:
    """Sells by the month, on trial and once. ``clock`` and ``sandbox`` are the fixtures of those names."""

    sandbox: object
    clock: object
    monthly: Membership
    trial: Membership
    bare_trial: Membership
    once: Membership
    people: Counter = field(default_factory=Counter)

    # ------------------------------------------------------------------ people
    def person(self, story: str):
        """Somebody new, or who was asked in beforehand."""
        self.people[story] += 1
        name = f"{story}-{self.people[story]}"
        return get_user_model().objects.filter(username=name).first() or UserFactory(username=name)

    def invite(self, *stories: str) -> None:
        """They have signed up, and will come."""
        for story in stories:
            UserFactory(username=f"{story}-{self.people[story] + 1}")

    def page(self, story: str, membership: Membership) -> str:
        """Somebody presses the button: the address of Stripe's page."""
        gateway = connect.get_gateway()
        person = self.person(story)
        return checkout.start(
            person, checkout.Wish(membership), gateway=gateway, language="en", urls=URLS, now=self.clock.now
        )

    def pay(self, story: str, membership: Membership, **how: str) -> str:
        """They pay, and close the window: the id at Stripe of what they bought."""
        page = self.page(story, membership)
        status, _location, body = hosted.pay(page, **how) if how.get("card") != "none" else without_card(page)
        assert status == 303, body[:500]
        session = self.one("checkout.session", page.rpartition("/")[2])
        return session["subscription"] or session["payment_intent"]

    def one(self, kind: str, stripe_id: str) -> dict:
        return self.sandbox.store.one(kind, stripe_id, account=self.sandbox.account_id)

    # ------------------------------------------------------------------ what is compared
    @property
    def place(self) -> "Place":
        return Place(StripeProcess(Path(), port=int(self.sandbox.url.rpartition(":")[2])))

    def complaints(self) -> list[str]:
        """What is not as it is at Stripe."""
        return oracle.complaints(self.place)


def without_card(page: str) -> tuple[int, str, str]:
    return hosted.start_without_card(page)


class Place:
    """What the oracle asks of a site of the rig, of one that runs in the tests' own process."""

    def __init__(self, stripe: StripeProcess) -> None:
        self.stripe = stripe
        self.esp = self

    def times_accepted(self) -> Counter:
        return Counter(message.extra_headers["Message-ID"] for message in mail.outbox)


def open_school(sandbox, clock, gateway, item) -> School:
    def sell(title: str, **fields: object) -> Membership:
        return publish(put_into(MembershipFactory(title=title, **fields), item), gateway=gateway)

    return School(
        sandbox,
        clock,
        monthly=sell("Monthly"),
        trial=sell("Trial", trial_days=14),
        bare_trial=sell("Trial without a card", trial_days=14, trial_requires_card=False),
        once=sell("Once", interval="one_time", price_amount=9900),
    )


def before(school: School) -> dict[str, str]:
    """Those who are there already, by their story."""
    cards = {"fails": FAILS_LATER, "recovers": FAILS_LATER}
    stories = ("renews", "fails", "recovers", "cancels later", "cancels now", "is deleted", "stays cancelled")
    bought = {story: school.pay(story, school.monthly, card=cards.get(story, hosted.GOOD_CARD)) for story in stories}
    bought["tries"] = school.pay("tries", school.trial)
    bought["tries without a card"] = school.pay("tries without a card", school.bare_trial, card="none")
    return bought


def meanwhile(school: School, bought: dict[str, str], *, days: int) -> None:
    """So many days, of which we hear nothing."""
    actions = school.sandbox.actions
    actions.cancel_subscription_at_period_end(bought["cancels later"])
    school.clock.advance(days=days / 3)
    actions.cancel_subscription_now(bought["cancels now"])
    actions.cancel_subscription_at_period_end(bought["stays cancelled"])
    customer = school.one("subscription", bought["is deleted"])["customer"]
    school.place.stripe.call("DELETE", f"customers/{customer}")
    school.pay("comes", school.monthly)
    school.pay("comes on trial", school.trial)
    school.pay("buys once", school.once)
    school.page("looks", school.monthly)
    hosted.pay(school.page("is declined", school.monthly), card=hosted.DECLINED_CARD)
    school.clock.advance(days=days / 3)
    _recover(school, bought["recovers"])
    school.pay("comes late", school.monthly)
    school.clock.advance(days=days - 2 * (days / 3))


def _recover(school: School, stripe_id: str) -> None:
    """They see Stripe's mail, put in another card, and pay."""
    subscription = school.one("subscription", stripe_id)
    if subscription["status"] != "past_due":
        return
    card = {"card_number": hosted.GOOD_CARD, "exp_month": "12", "exp_year": "2034", "cvc": "123"}
    school.sandbox.actions.change_default_card(subscription["customer"], **card)
    assert school.sandbox.actions.retry_invoice(subscription["latest_invoice"]).kind == "paid"


def sync(*options: str) -> tuple[int, list[str]]:
    """The command's exit code, and what it said."""
    out = StringIO()
    try:
        call_command("memberships_sync", *options, stdout=out)
        code = 0
    except CommandError as error:
        code = error.returncode
        out.write(f"{error}\n")
    return code, out.getvalue().splitlines()


def everything() -> dict[str, list]:
    """All that is known here about who has what, but not when it was read."""
    unlike = {"read_started_at", "_state", "turn"}
    return {
        model.__name__: [
            {name: value for name, value in vars(row).items() if name not in unlike}
            for row in model.objects.order_by("pk")
        ]
        for model in (Subscription, Invoice, Checkout)
    }


def requests(sandbox, method: str = "GET", path: str = "") -> list[str]:
    """What was asked of Stripe since the log was emptied."""
    return [
        each["path"]
        for each in sandbox.requests.all()
        if each["method"] == method and each["path"].startswith(f"/v1/{path}")
    ]
