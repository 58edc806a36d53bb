"""How do two accounts of one person become one from the command line, or two again? As on the person's page (K11)."""

import json
import uuid
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.core.management.base import BaseCommand, CommandError

from ... import clock
from ...access.tasks import deliver
from ...errors import OutsideFailure, Refusal
from ...payments.connect import current, get_gateway
from ...subscriptions import merged_names, merging
from ...subscriptions.deed_models import Deed
from ...subscriptions.deeds import Wish
from ..people import find_person


class Command(BaseCommand):
    """Nothing is cancelled, charged or given back by it. What both hold is named, for somebody to end one of the two."""

    help = "Moves all that one account holds to another, or back (--undo), and writes down who did it and why."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", metavar="FROM", help="User name or e-mail address of the account that is left.")
        parser.add_argument("target", metavar="TO", help="User name or e-mail address of the account that is kept.")
        parser.add_argument("--by", metavar="USER", help="Who does it: stands in the history.")
        parser.add_argument("--reason", default="", help="Why: stands in the history.")
        parser.add_argument("--undo", action="store_true", help="Move back what the last merge of the two has moved.")
        parser.add_argument("--dry-run", action="store_true", help="Only say what would be moved.")
        parser.add_argument("--yes", action="store_true", help="Do not ask.")
        parser.add_argument("--json", action="store_true", help="For machines; asks nothing either.")

    def handle(self, *args: object, **options: Any) -> None:
        source, target = find_person(options["source"]), find_person(options["target"])
        try:
            said = self._act(source, target, options)
        except Refusal as refusal:
            raise CommandError(str(refusal.message)) from refusal
        self.stdout.write(json.dumps(said) if options["json"] else "\n".join(f"{k}: {v}" for k, v in said.items()))

    def _act(self, source: AbstractBaseUser, target: AbstractBaseUser, options: dict[str, Any]) -> dict[str, object]:
        merged = _last_merge(source, target) if options["undo"] else None
        counts = _moved(merged) if merged else _would_move(source, target)
        if options["dry_run"]:
            return counts
        wish = _wish(options)
        self._ask(source, target, counts, options)
        if merged is not None:
            deed = merging.part(merged, wish=wish, now=clock.now())
        else:
            deed = merging.merge(source.pk, target.pk, wish=wish, now=clock.now())
        return {**_moved(deed), "at Stripe": _tell(deed)}

    def _ask(
        self, source: AbstractBaseUser, target: AbstractBaseUser, counts: dict[str, object], options: dict[str, Any]
    ) -> None:
        if options["yes"] or options["json"]:
            return
        for what, count in counts.items():
            self.stdout.write(f"{what}: {count}")
        where = "back to" if options["undo"] else "from"
        question = f"Move this {where} {source.get_username()} ({target.get_username()} is kept)? Type yes: "
        if input(question) != "yes":
            msg = "Nothing was done."
            raise CommandError(msg)


def _wish(options: dict[str, Any]) -> Wish:
    if not options["by"]:
        msg = "Say who does it: --by USER"
        raise CommandError(msg)
    return Wish(find_person(options["by"]), options["reason"], uuid.uuid4())


def _last_merge(source: AbstractBaseUser, target: AbstractBaseUser) -> Deed:
    """The newest that is not undone. Raises NotMerged."""
    rows = Deed.objects.filter(kind=Deed.Kind.MERGED, user_id=target.pk, details__from=source.pk)
    for row in rows.order_by("-pk"):
        if "parted" not in row.details:
            return row
    raise merging.NotMerged


def _would_move(source: AbstractBaseUser, target: AbstractBaseUser) -> dict[str, object]:
    found = merging.preview(source.pk, target.pk, now=clock.now())
    if not found.counts:
        msg = f"{source.get_username()} holds nothing that could be moved."
        raise CommandError(msg)
    doubles = [row.membership.title for row in found.doubles]
    elsewhere = [row.stripe_id for row in merged_names.out_of_reach(found.moved, current())]
    named = {"held by both then": doubles, "keeps the old name at Stripe": elsewhere}
    return {**found.counts, **{what: ", ".join(each) for what, each in named.items() if each}}


def _moved(deed: Deed) -> dict[str, object]:
    return {column: len(pks) for column, pks in deed.details["moved"].items() if pks}


def _tell(deed: Deed) -> str:
    """Done here it is; what Stripe could not be told now, ``merged_names`` tells it later."""
    deliver.enqueue()
    try:
        merged_names.carry_out(deed, gateway=get_gateway(), now=clock.now())
    except (Refusal, OutsideFailure) as no:
        return f"tried again by memberships_drain: {no.message}"
    return "told"
