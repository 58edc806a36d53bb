"""What do we hold about this person? All of it in JSON, to hand over."""

import json
from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand
from django.core.serializers.json import DjangoJSONEncoder

from ...personal_data.exporting import export_person
from ..people import find_person


class Command(BaseCommand):
    help = "Print all that the add-on holds about one person, as JSON."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", metavar="USER", help="User name or e-mail address.")
        parser.add_argument("--output", metavar="FILE", help="Write it there instead; readable for you only.")

    def handle(self, *args: object, **options: str) -> None:
        found = export_person(find_person(options["user"]))
        text = json.dumps(found, cls=DjangoJSONEncoder, indent=2, ensure_ascii=False)
        if not options["output"]:
            self.stdout.write(text)
            return
        target = Path(options["output"])
        target.touch(mode=0o600)
        target.write_text(text + "\n", encoding="utf-8")
        self.stdout.write(f"Written to {target}")
