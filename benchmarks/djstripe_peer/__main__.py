"""How many events a second does dj-stripe take in? One line in: a round of so many events; one line out: the result."""

import json
import os
import sys
import time
from importlib.metadata import version

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.djstripe_peer.settings")
django.setup()

import stripe  # noqa: E402 - after the settings, as dj-stripe wants it
from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from djstripe import models  # noqa: E402

from benchmarks.djstripe_peer.stripe_answers import ACCOUNT, ACCOUNT_ID, Answers  # noqa: E402
from benchmarks.stripe_events import API_VERSION, SECRET, signed  # noqa: E402

SUBSCRIPTIONS = 50


class Peer:
    """dj-stripe with fifty subscriptions that it knows."""

    def __init__(self) -> None:
        self.answers = Answers()
        stripe.api_key = settings.STRIPE_TEST_SECRET_KEY
        stripe.default_http_client = self.answers
        self.client = Client()
        self.turn = 0
        self.url = _endpoint()
        self.round(SUBSCRIPTIONS)

    def round(self, events: int) -> dict[str, float]:
        """So many updates, one after the other."""
        self.turn += 1
        self.answers.turns = dict.fromkeys(range(SUBSCRIPTIONS), self.turn)
        self.answers.asked.clear()
        posts = [signed(number % SUBSCRIPTIONS, self.turn) for number in range(events)]
        started = time.perf_counter()
        for body, headers in posts:
            self.post(body, headers)
        seconds = time.perf_counter() - started
        return {"seconds": seconds, "reads": self.answers.asked.total() / events}

    def post(self, body: str, headers: dict[str, str]) -> None:
        """One delivery; it must be taken."""
        answer = self.client.post(self.url, data=body, content_type="application/json", headers=headers)
        if answer.status_code != 200:
            raise RuntimeError(f"{answer.status_code}: {answer.content[:300]!r}")

    def facts(self) -> dict[str, object]:
        """Queries of one update, and the versions."""
        self.turn += 1
        self.answers.turns[0] = self.turn
        with CaptureQueriesContext(connection) as captured:
            self.post(*signed(0, self.turn))
        return {"queries": len(captured), "version": version("dj-stripe"), "stripe": version("stripe")}


def _endpoint() -> str:
    key = settings.STRIPE_TEST_SECRET_KEY
    owner = {"djstripe_owner_account_id": ACCOUNT_ID}
    models.Account.sync_from_stripe_data(dict(ACCOUNT), api_key=key)
    models.APIKey.objects.get_or_create(secret=key, defaults={"type": "secret", "livemode": False, **owner})
    values = {"url": "https://school.example/", "enabled_events": ["*"], "status": "enabled", "livemode": False}
    endpoint, _created = models.WebhookEndpoint.objects.get_or_create(
        id="we_bench", defaults={"secret": SECRET, "api_version": API_VERSION, **values, **owner}
    )
    return f"/stripe/webhook/{endpoint.djstripe_uuid}/"


def main() -> None:
    """Ready with its facts, then one answer a line, until the input ends."""
    call_command("migrate", verbosity=0)
    peer = Peer()
    print(json.dumps(peer.facts()), flush=True)
    for line in sys.stdin:
        print(json.dumps(peer.round(int(line))), flush=True)


if __name__ == "__main__":
    main()
