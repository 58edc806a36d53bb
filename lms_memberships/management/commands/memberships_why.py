"""Why can, or can't, this person open this, now or on that day? One sentence (X1)."""

import json
from argparse import ArgumentParser
from datetime import datetime

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import models
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from ... import clock
from ...access import policy
from ...access.targets import page_model
from ...access.words import Person
from ...bundles.models import Item


class Command(BaseCommand):
    """Staff's question on the command line; exits with 1 when the answer is no."""

    help = "Says in one sentence whether somebody may open something, and why. Exits with 1 when they may not."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", metavar="USER", help="User name or e-mail address; “-” for a visitor.")
        parser.add_argument(
            "item", metavar="ITEM", help="Catalogue number, page path (/courses/clay/) or app.Model:id."
        )
        parser.add_argument("--at", metavar="DATE", help="Another day or moment, such as 2027-01-31.")
        parser.add_argument("--json", action="store_true", help="For machines.")

    def handle(self, *args: object, **options: str) -> None:
        user, item = find_user(options["user"]), find_item(options["item"])
        now = clock.now()
        moment = find_moment(options["at"]) or now
        decision = policy.decide_at(user, item, moment=moment, now=now)
        if options["json"]:
            self.stdout.write(json.dumps(_as_json(user, item, decision, moment)))
        else:
            word = "yes" if decision.allowed else "no"
            self.stdout.write(f"{user or 'visitor'} → {item}: {word}. {decision.sentence}")
        if not decision.allowed:
            raise SystemExit(1)


def find_user(name: str) -> Person:
    """By user name first, then by an e-mail address that only one person has."""
    if name == "-":
        return AnonymousUser()
    model = get_user_model()
    by_name = model._default_manager.filter(**{model.USERNAME_FIELD: name}).first()
    if by_name is not None:
        return by_name
    by_address = list(model._default_manager.filter(**{f"{model.get_email_field_name()}__iexact": name})[:2])
    if len(by_address) != 1:
        msg = f"{len(by_address) or 'No'} people are called {name!r}"
        raise CommandError(msg)
    return by_address[0]


def find_item(name: str) -> models.Model:
    """A catalogue row by its number, a page by its path, anything else as ``app.Model:id``."""
    found: models.Model | None
    if name.isdigit():
        found = Item.objects.filter(pk=name).first()
    elif name.startswith("/"):
        # A page's stored path begins with its site's root; readers know what follows.
        pages = page_model().objects.filter(url_path__endswith=name if name.endswith("/") else f"{name}/")
        found = pages.order_by("depth", "pk").first()
    else:
        found = _find_by_model(name)
    if found is None:
        msg = f"Nothing is called {name!r}"
        raise CommandError(msg)
    return found


def find_moment(text: str | None) -> datetime | None:
    """The given moment in the site's time zone; a day alone means its beginning. None: the present."""
    if not text:
        return None
    try:
        moment = parse_datetime(text)
        day = parse_date(text)
    except ValueError as broken:
        raise CommandError(str(broken)) from broken
    if moment is None:
        if day is None:
            msg = f"{text!r} is no date; write it as 2027-01-31"
            raise CommandError(msg)
        moment = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - made aware below
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)


def _find_by_model(name: str) -> models.Model | None:
    label, _colon, pk = name.partition(":")
    try:
        return apps.get_model(label)._default_manager.filter(pk=pk).first()
    except (LookupError, ValueError, ValidationError) as unknown:
        msg = f"{name!r} is no catalogue number, page path or app.Model:id"
        raise CommandError(msg) from unknown


def _as_json(user: Person, item: models.Model, decision: policy.Decision, moment: datetime) -> dict[str, object]:
    return {
        "user": user.pk,
        "item": str(item),
        "at": moment.isoformat(),
        "allowed": decision.allowed,
        "reason": decision.reason.value,
        "sentence": decision.sentence,
        "memberships": [{"id": one.pk, "title": one.title} for one in decision.memberships],
    }
