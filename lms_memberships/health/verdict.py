"""How does the site stand? Every light judged, and of those that are red, which are only the consequence of another."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from .. import signs
from ..signs import Sign
from .evidence import gather
from .lights import LIGHTS
from .words import GROUP_LABELS, STATE_LABELS, Finding, Group, Light, State, Text

#: The last verdict, for the line on our other pages.
SIGN = "health.verdict"
VERDICT_HOLDS_FOR = timedelta(minutes=5)


@dataclass(frozen=True)
class Shining:
    """A light and what it says. ``cause``: the light that has to be mended first."""

    light: Light
    finding: Finding
    cause: Light | None = None

    @property
    def state(self) -> State:
        return self.finding.state

    @property
    def state_label(self) -> Text:
        return STATE_LABELS[self.finding.state]


@dataclass(frozen=True)
class Verdict:
    lights: tuple[Shining, ...]
    judged_at: datetime
    asked_at: datetime | None

    @property
    def red(self) -> tuple[Shining, ...]:
        """What has to be mended: not what follows from it."""
        return tuple(each for each in self.lights if each.state is State.FAULT and each.cause is None)

    @property
    def is_well(self) -> bool:
        return not any(each.state is State.FAULT for each in self.lights)

    def groups(self) -> Iterable[tuple[Group, Text, list[Shining]]]:
        """As the page shows them."""
        for group, label in GROUP_LABELS.items():
            yield group, label, [each for each in self.lights if each.light.group is group]


def judge(*, now: datetime) -> Verdict:
    """From what is stored alone; ``now`` is wall time."""
    evidence = gather(now=now)
    found = {light.name: Shining(light, light.judge(evidence)) for light in LIGHTS}
    lights = tuple(Shining(each.light, each.finding, _cause(each, found)) for each in found.values())
    verdict = Verdict(lights, now, evidence.look.asked_at if evidence.look is not None else None)
    signs.note(SIGN, now=now, every=timedelta(0), details={"red": [each.light.name for each in verdict.red]})
    return verdict


def red_lights(*, now: datetime) -> list[Light]:
    """What has to be mended, as other pages show it: one query, and once in a while a new verdict."""
    sign = Sign.objects.filter(name=SIGN).first()
    if sign is None or sign.seen_at is None or not timedelta(0) <= now - sign.seen_at <= VERDICT_HOLDS_FOR:
        return [each.light for each in judge(now=now).red]
    names = sign.details.get("red", [])
    return [light for light in LIGHTS if light.name in names]


def _cause(each: Shining, found: dict[str, Shining]) -> Light | None:
    """The first of its possible causes that is red; a light that shines well has none."""
    if each.state not in {State.FAULT, State.UNKNOWN}:
        return None
    names = list(found)
    # Two that are red never explain each other: a cause stands before what follows from it.
    before = names[: names.index(each.light.name)] if each.state is State.FAULT else names
    return next(
        (found[name].light for name in each.light.causes if name in before and found[name].state is State.FAULT), None
    )
