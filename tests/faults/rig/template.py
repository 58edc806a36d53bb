"""Which database can a script have its tests' databases copied from? Makes it if need be, and prints its name."""

import os
import sys

import django


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example_site.settings.test")
    django.setup()
    from tests.faults.rig import database

    sys.stdout.write(database.template(database.Server.of_the_tests()) + "\n")


if __name__ == "__main__":
    main()
