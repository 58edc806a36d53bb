"""How is one person forgotten from the command line? Billing first, then the name; exit code 1 until it is done."""

import json
from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from ... import clock
from ...errors import Refusal
from ...payments.connect import NotConnected, get_gateway
from ...payments.gateway import Gateway
from ...payments.premises import Frozen
from ...personal_data import erasing, forgetting, stopping
from ...personal_data.models import Erasure
from ..people import find_person


class Command(BaseCommand):
    help = "End all that somebody pays for, then take their name and address out of every table of ours."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", metavar="USER", help="User name or e-mail address.")
        parser.add_argument("--dry-run", action="store_true", help="Only say what would happen.")
        parser.add_argument("--yes", action="store_true", help="Do not ask: it cannot be taken back.")

    def handle(self, *args: object, **options: str) -> None:
        user = find_person(options["user"])
        if options["dry_run"]:
            self._say_what_would_happen(user.pk)
            return
        if not options["yes"] and input(f"Erase {user.get_username()} for good? Type yes: ") != "yes":
            msg = "Nothing was done."
            raise CommandError(msg)
        try:
            erasure = erasing.erase(user, now=clock.now())
        except Refusal as refusal:
            raise CommandError(str(refusal.message)) from refusal
        self._report(erasure, is_done=erasing.carry_out_now(erasure, gateway=_gateway(), now=clock.now()))

    def _say_what_would_happen(self, user_id: int) -> None:
        for subscription in stopping.billed(user_id):
            self.stdout.write(f"would end at Stripe: {subscription.stripe_id} ({subscription.status})")
        for checkout in stopping.payable(user_id):
            self.stdout.write(f"would close the page: {checkout.session_id or checkout.uuid}")
        for row in forgetting.what_is_kept(user_id):
            self.stdout.write(f"would keep for {row['years']} years: {row['rows']} {row['what']}. {row['why']}")

    def _report(self, erasure: Erasure, *, is_done: bool) -> None:
        if not is_done:
            msg = f"Not done yet: {erasure.failure or 'another process is at it.'} memberships_drain tries again."
            raise CommandError(msg)
        self.stdout.write(json.dumps(erasure.report, indent=2, ensure_ascii=False))


def _gateway() -> Gateway | None:
    try:
        return get_gateway()
    except (NotConnected, Frozen):
        return None
