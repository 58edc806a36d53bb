"""What do invitations know of somebody, and what is left of it when they are gone (K8)?"""

import io
import json

import pytest
from django.core.management import call_command

from lms_memberships.models import InvitationLink, InvitationUse
from lms_memberships.subscriptions import inviting
from tests.flows.invitations import invite
from tests.personal_data.conftest import ADDRESS, NAME
from tests.personal_data.test_erasing import leave
from tests.personal_data.test_forgetting import where

pytestmark = pytest.mark.django_db


@pytest.fixture
def invited(membership, student):
    """Came in free by a link that was theirs alone, and another one waits for them."""
    used, _address = invite(membership, free=True, email=ADDRESS.upper(), note=f"For {NAME}")
    inviting.accept(student, used, language="en", now=used.created_at)
    waiting, address = invite(membership, kind="many", email=ADDRESS)
    return used, waiting, address


def test_an_erasure_takes_the_address_out_and_keeps_that_the_link_was_used(invited, browser, client_for, student):
    """K8, S22: what is bound to an address that nobody has any more lets nobody in."""
    assert {"lms_memberships_invitationlink.email", "lms_memberships_invitationlink.note"} <= where(ADDRESS, NAME)
    leave(browser)
    assert where(ADDRESS, NAME) == set()
    used, waiting, address = invited
    assert InvitationUse.objects.get().invitation == used
    waiting.refresh_from_db()
    assert waiting.email
    assert (
        "another e-mail address" in client_for(type(student).objects.create(username="x")).get(address).content.decode()
    )


def test_the_export_names_what_they_used_and_what_is_meant_for_them(invited, student, membership, tmp_path):
    """K8: and neither the links of others, nor anything by which a link could be made."""
    invite(membership, email="other@school.test")
    target = tmp_path / "ada.json"
    call_command("memberships_export", "student", "--output", str(target), stdout=io.StringIO())
    found = json.loads(target.read_text())
    assert len(found["invitations"]) == 2
    assert len(found["invitation_uses"]) == 1
    assert "other@school.test" not in target.read_text()
    for link in InvitationLink.objects.all():
        assert link.token_hash not in target.read_text()
        assert not link.nonce or link.nonce not in target.read_text()
