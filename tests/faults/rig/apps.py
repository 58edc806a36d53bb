"""How long does a site of the rig wait? Two seconds for a lease of a dead worker, one for another try."""

import os
from datetime import timedelta
from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig


def _listen(sender: type, **about: object) -> None:
    """Hears every fact, and does nothing about it."""


HOLDERS = (
    "webhooks.inbox",
    "access.deliveries",
    "emails.outbox",
    "announcements.telling",
    "payments.intents",
    "payments.resolving",
    "personal_data.erasing",
    "subscriptions.sync_course",
)
LONG = {"LEASE", "LOOK_AFTER"}


class Rig(AppConfig):
    name = "tests.faults.rig"
    label = "rig"

    def ready(self) -> None:
        # Somebody listens, so that facts are announced.
        import_module("lms_memberships.events").announced.connect(_listen)
        lease = timedelta(seconds=float(os.environ.get("RIG_LEASE_SECONDS", "2")))
        for holder in HOLDERS:
            if find_spec(f"lms_memberships.{holder}") is None:
                continue
            module = import_module(f"lms_memberships.{holder}")
            for name, value in list(vars(module).items()):
                if name in LONG:
                    setattr(module, name, lease)
                elif isinstance(value, tuple) and value and all(isinstance(each, timedelta) for each in value):
                    setattr(module, name, tuple(min(each, timedelta(seconds=1)) for each in value))
        if guard := os.environ.get("RIG_WITHOUT"):
            import_module("tests.faults.rig.without").GUARDS[guard]()
