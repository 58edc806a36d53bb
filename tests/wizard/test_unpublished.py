"""What does editing an unpublished membership do to those who hold it? Nothing, until it is published again."""

from datetime import timedelta

import pytest
from django.utils import timezone

from lms_memberships.access import decide
from lms_memberships.models import Membership, Subscription

pytestmark = pytest.mark.django_db


@pytest.fixture
def held(membership, student):
    now = timezone.now()
    Subscription.objects.create(
        user=student, membership=membership, status="active", started_at=now, opened_at=now,
        access_until=now + timedelta(days=9),
    )  # fmt: skip
    membership.unpublish()
    return membership


def test_a_draft_of_an_unpublished_membership_changes_nobodys_access(
    held, wizard, creator, client_for, student, live_session
):
    """U25, X24: unpublishing closes the sale, never the access of those who have it; nor does a draft after it."""
    browser = client_for(creator)
    browser.post(wizard.step(held, "bundle"), {"bundle": []})
    browser.post(wizard.step(held, "information"), wizard.information | {"title": "Another title"})
    assert decide(student, live_session, now=timezone.now()).allowed
    row = Membership.objects.get(pk=held.pk)
    assert row.bundle_items.count() == 1
    draft = row.get_latest_revision_as_object()
    assert draft.title == "Another title"
    assert draft.bundle_items.count() == 0
