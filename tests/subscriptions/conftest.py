"""What do the tests of subscriptions share? A membership, somebody who buys it, and the facts that were told."""

from collections.abc import Iterator

import pytest

from lms_memberships import events
from lms_memberships.models import Membership
from tests.factories import MembershipFactory
from tests.subscriptions import said


@pytest.fixture
def pass_(db) -> Membership:
    return MembershipFactory(title="Studio pass", live=True)


@pytest.fixture
def checkout(student, pass_):
    return said.attempt(student, pass_)


@pytest.fixture
def nobody_answers():
    """A gateway with which any call to Stripe would fail."""
    return said.unreachable_gateway()


@pytest.fixture
def told() -> Iterator[list[events.Fact]]:
    """Every fact that is published, in order: we listen as the reactions do."""
    facts: list[events.Fact] = []
    events.connect(facts.append)
    yield facts
    events.disconnect(facts.append)


@pytest.fixture
def names(told):
    """The facts by name, and forgets them."""

    def take() -> list[str]:
        found = [type(fact).__name__ for fact in told]
        told.clear()
        return found

    return take
