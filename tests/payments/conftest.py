"""What do the payment tests share? The contract with Stripe on every request, where its description is at hand."""

from collections.abc import Iterator

import pytest

from tests.contract import rig


@pytest.fixture(autouse=True)
def _contract() -> Iterator[None]:
    with rig.every_request_checked():
        yield
