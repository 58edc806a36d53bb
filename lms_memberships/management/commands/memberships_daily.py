"""What does time alone bring about? ``memberships_daily``: ends of access, reminders, pages nobody paid on."""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand

from ..draining import drain
from ..jobs import Rhythm
from ..reporting import report


class Command(BaseCommand):
    help = "Close what time has closed, remind of ending trials, tidy up, then work off everything that is due."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print the result for machines.")

    def handle(self, *args: object, **options: object) -> None:
        report(drain(Rhythm.DAY, Rhythm.MINUTE), self, **options)
