"""Where is Stripe's own description of its API, and how is every request of the tests held to it?"""

import functools
import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import stripe

from lms_memberships.payments.stripe_gateway import wrap_http_client

ROOT = Path(__file__).resolve().parent.parent.parent
#: Not part of the project: where it is missing, what needs it is skipped and says so.
FOLDER = Path(os.environ.get("STRIPE_CONTRACT_DIR") or ROOT.parent / "shared" / "stripe")
MISSING = f"Stripe's OpenAPI description is not at {FOLDER}"


@functools.cache
def load() -> ModuleType | None:
    """The checker, or None where the folder is missing."""
    file = FOLDER / "stripe_contract.py"
    if not file.exists():
        return None
    spec = importlib.util.spec_from_file_location("stripe_contract", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def every_request_checked() -> Iterator[bool]:
    """Within it no request leaves that Stripe would not understand, and no answer comes that Stripe would not give."""
    contract = load()
    if contract is None:
        # What the test before learnt of its line is forgotten all the same.
        wrap_http_client(None)
        yield False
        return
    wrap_http_client(contract.checking_http_client)
    try:
        yield True
    finally:
        wrap_http_client(None)


class Recorder:
    """Notes method and path of each request, and what the contract has to say about it."""

    def __init__(self, contract: ModuleType) -> None:
        self.contract = contract
        self.requests: list[tuple[str, str, object]] = []
        self.complaints: list[str] = []

    def wrap(self, inner: stripe.HTTPClient) -> stripe.HTTPClient:
        checking = self.contract.checking_http_client(inner, report=self._report)
        recorder = self

        class Recording(type(checking)):  # type: ignore[misc]
            def __init__(self) -> None:
                self.__dict__.update(checking.__dict__)

            def request(self, method, url, headers, post_data=None):
                recorder.requests.append((method.upper(), url, post_data))
                return checking.request(method, url, headers, post_data)

        return Recording()

    def _report(self, kind: str, method: str, path: str, errors: list[str]) -> None:
        self.complaints += [f"{kind} {method} {path}: {error}" for error in errors]
