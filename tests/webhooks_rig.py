"""How do webhooks reach a test? Signed by Stripe's own library and posted to the real address."""

import json

import stripe
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client

from lms_memberships.sandbox.server import Sandbox

ADDRESS = "/memberships/webhooks/stripe/"
SECRET = "whsec_sandbox"


def post_event(event: dict, *, secret: str = SECRET) -> HttpResponse:
    """One delivery, as Stripe makes it."""
    payload = json.dumps(event)
    signature = stripe.WebhookSignature.generate_signature_header(payload, secret)
    return Client().post(
        ADDRESS, data=payload, content_type="application/json", headers={"stripe-signature": signature}
    )


class Postman:
    """Holds the sandbox's events and delivers those that were not delivered yet, oldest first."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.delivered: set[str] = set()

    def waiting(self) -> list[dict]:
        newest_first = self.sandbox.store.all("event", account=self.sandbox.account_id)
        return [event for event in reversed(newest_first) if event["id"] not in self.delivered]

    def deliver(self) -> list[dict]:
        """Post everything that waits; each must be taken with a 200. Returns what was posted."""
        posted = self.waiting()
        for event in posted:
            answer = post_event(event)
            assert answer.status_code == 200, (event["type"], answer.content)
            self.delivered.add(event["id"])
        # The worker's part: a test that runs inside a transaction has no "after commit".
        call_command("memberships_drain", verbosity=0)
        return posted
