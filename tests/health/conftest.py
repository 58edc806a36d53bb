"""What is a site that is well in every respect? The starting point of each fault."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from lms_memberships import signs
from lms_memberships.health import repairs, stripe_look, verdict
from lms_memberships.health.words import State
from tests.webhooks_rig import post_event


def called(event_id: str = "evt_call") -> dict:
    """A call of Stripe's that is about nothing of ours."""
    return {
        "id": event_id,
        "object": "event",
        "type": "customer.tax_id.created",
        "created": int(timezone.now().timestamp()),
        "livemode": False,
        "api_version": "2026-10-28.endive",
        "data": {"object": {"id": "txi_1", "object": "tax_id"}},
    }


class Doctor:
    """Asks Stripe and judges; what it says in short."""

    def look(self) -> verdict.Verdict:
        stripe_look.ask()
        return self.judge()

    def judge(self) -> verdict.Verdict:
        self.found = verdict.judge(now=timezone.now())
        return self.found

    @property
    def red(self) -> set[str]:
        return {each.light.name for each in self.found.red}

    @property
    def consequences(self) -> dict[str, str]:
        """Each light that is red or dark because of another."""
        return {each.light.name: each.cause.name for each in self.found.lights if each.cause is not None}

    @property
    def warnings(self) -> set[str]:
        return {each.light.name for each in self.found.lights if each.state is State.WARNING}

    def __getitem__(self, name: str) -> verdict.Shining:
        return next(each for each in self.found.lights if each.light.name == name)

    def sentence(self, name: str) -> str:
        return str(self[name].finding.sentence)

    def offered(self, name: str) -> set[str]:
        return {one.name for one in self[name].finding.repairs if one.name}


@pytest.fixture
def doctor() -> Doctor:
    return Doctor()


@pytest.fixture
def well(gateway, sandbox, settings, doctor) -> Doctor:
    """A live-like site: a worker, a mail service, one endpoint whose secret works. Every light is in order."""
    settings.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
    settings.TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
    for name in ("worker", "mail.sent"):
        signs.note(name)
    made = repairs.repair("new-endpoint")
    settings.LMS_MEMBERSHIPS_STRIPE_WEBHOOK_SECRETS = [made.secret]
    assert post_event(called(), secret=made.secret).status_code == 200
    repairs.repair("receipts-not-by-stripe")
    doctor.look()
    assert {each.state for each in doctor.found.lights} == {State.OK}, [
        (each.light.name, str(each.finding.sentence)) for each in doctor.found.lights if each.state is not State.OK
    ]
    doctor.secret = made.secret
    return doctor


@pytest.fixture
def endpoint(sandbox) -> Callable[..., dict]:
    """Changes the one endpoint at Stripe, as somebody does in the dashboard."""

    def change(**values: object) -> dict:
        found = sandbox.store.all("webhook_endpoint", account=sandbox.account_id)[-1]
        changed = {**found, **values}
        sandbox.store.commit({(sandbox.account_id, "webhook_endpoint", found["id"]): changed})
        return changed

    return change


@pytest.fixture
def ago() -> Callable[..., object]:
    def before(**span: float) -> object:
        return timezone.now() - timedelta(**span)

    return before
