"""Which signals does access listen to? Called once, at start-up."""

from . import facts, followers


def connect() -> None:
    facts.connect()
    followers.connect()
