"""What do the tests of the wizard share? Things to bundle, the addresses of the steps, and forms as a browser sends them."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from lms_memberships.bundles import catalogue
from lms_memberships.models import Item, Membership
from tests.factories import MembershipFactory, UserFactory, allow, put_into


class Wizard:
    """Addresses of the wizard and the fields that each step sends."""

    information = {
        "title": "Studio pass",
        "description": "Everything in the **studio**.",
        "cover_image": "",
        "price_amount": "19.90",
        "currency": "eur",
        "old_price_amount": "",
        "interval": "month",
        "trial_days": "0",
        "trial_requires_card": "on",
        "grace_days": "",
        "lang": "en",
    }
    schedule = {"go_live_at": "", "expire_at": ""}

    def url(self, name: str, *args: object) -> str:
        return reverse(Membership.snippet_viewset.get_url_name(name), args=args)

    @property
    def add(self) -> str:
        return self.url("add")

    @property
    def list(self) -> str:
        return self.url("list")

    def step(self, membership: Membership, slug: str) -> str:
        return self.url("step", membership.pk, slug)

    def press(self, button: str, /, **fields: object) -> dict:
        """Fields of step 1 and a button."""
        return self.information | fields | {f"action-{button}": f"action-{button}"}

    def finish(self, **fields: object) -> dict:
        """Step 3 with "Published" chosen and its button pressed."""
        return self.schedule | {"status": "published", "action-publish": "action-publish"} | fields


@pytest.fixture
def wizard() -> Wizard:
    return Wizard()


@pytest.fixture
def browser(creator, gateway, client_for):
    """A creator's browser, with Stripe connected."""
    return client_for(creator)


@pytest.fixture
def sessions(db) -> list[Item]:
    return make_sessions(3)


def make_sessions(count: int, start: int = 0) -> list[Item]:
    from example_site.models import LiveSession

    starts_at = timezone.now() + timedelta(days=5)
    made = [
        LiveSession.objects.create(
            title=f"Evening {number:03}",
            slug=f"evening-{number}",
            description="Bring one pot.",
            host="Ines",
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=2),
            join_url="https://meet.school.test/evening",
        )
        for number in range(start, start + count)
    ]
    return [catalogue.sync(session) for session in made]


def things(items: list[Item]) -> list:
    return [item.content_type.get_object_for_this_type(pk=item.object_id) for item in items]


@pytest.fixture
def draft(db, sessions) -> Membership:
    """Complete, never published, with a revision as the wizard leaves it."""
    membership = put_into(MembershipFactory(title="Studio pass"), *things(sessions[:2]))
    membership.save_revision()
    membership.refresh_from_db()
    return membership


@pytest.fixture
def editor(db):
    """May prepare memberships; may neither price nor publish them."""
    return allow(UserFactory(username="editor"), "view_membership", "add_membership", "change_membership")


def version_of(membership: Membership) -> Membership:
    """The newest draft of it."""
    return Membership.objects.get(pk=membership.pk).get_latest_revision_as_object()


@pytest.fixture
def break_stripe(sandbox):
    """The next requests about products fail at Stripe."""
    from lms_memberships.sandbox.faults import Fault

    def fail() -> None:
        sandbox.faults.plan(Fault("status", "*/v1/p*", count=50, status=500))

    return fail
