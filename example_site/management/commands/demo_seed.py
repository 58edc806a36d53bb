"""Fill the demo: first the school, later (with site, worker and sandbox running) its sales."""

from argparse import ArgumentParser
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from ... import demo_clock
from ...seed.memberships import seed_memberships
from ...seed.other_ways import seed_invitation, seed_price_in_stripe
from ...seed.school import seed_school, serve_at
from ...seed.students import seed_students

STAGES = ("school", "sales")


class Command(BaseCommand):
    help = "Fill the demo. Running it again does nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("stage", choices=STAGES)

    def handle(self, *args: object, stage: str, **options: object) -> None:
        if not settings.DEMO:
            raise CommandError("Only in the demo: this makes users with a known password.")
        if stage == "school":
            address = urlsplit(settings.DEMO_URL)
            seed_school(now=demo_clock.now())
            serve_at(hostname=address.hostname or "127.0.0.1", port=address.port or 80)
            return
        if seed_memberships():
            seed_price_in_stripe()
            seed_invitation()
        seed_students(site=settings.DEMO_URL)
