"""Does every members' page have its fence, and which copies wait to be opened or bundled? Exits with 1 if one is missing."""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand

from ...access import fence


class Command(BaseCommand):
    """For the time after an import, a restored backup, or a script that wrote to the page tree."""

    help = "Names pages of memberships without their fence, and closed copies. Exits with 1 when a fence is missing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--repair", action="store_true", help="Put the missing fences up.")

    def handle(self, *args: object, **options: bool) -> None:
        for page in fence.strays():
            self.stdout.write(f"Closed copy: {page.url_path} ({page.title})")
        missing = list(fence.missing())
        for page in missing:
            self.stdout.write(f"No fence: {page.url_path} ({page.title})")
        if missing and options["repair"]:
            fence.refresh()
            self.stdout.write(f"Mended: {len(missing)}")
        elif missing:
            raise SystemExit(1)
