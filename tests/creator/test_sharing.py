"""What does a creator copy to bring people to a membership, and does it lead there (V27)?"""

import html
import re

import pytest
from django.urls import reverse

from tests.factories import MembershipFactory, UserFactory, allow
from tests.flows.steps import text

pytestmark = pytest.mark.django_db

ORIGIN = "https://owner.test"


def share(membership) -> str:
    return reverse("lms_memberships_share", args=[membership.pk])


def copied(page: str) -> list[str]:
    """The texts that can be copied, as they are pasted."""
    return [html.unescape(found) for found in re.findall(r'<textarea(?:"[^"]*"|[^">])*>([^<]*)</textarea>', page)]


def test_the_address_and_the_button_lead_to_the_public_page(client, client_for, creator, membership):
    """V27: full addresses, for they stand on other sites; nothing is loaded by them."""
    page = client_for(creator).get(share(membership)).content.decode()
    address, button = copied(page)
    assert address == f"http://testserver{membership.get_absolute_url()}"
    assert f'href="{address}"' in button
    assert "Join Studio pass" in button
    assert "<script" not in button
    assert client.get(membership.get_absolute_url()).status_code == 200
    assert "LMS_MEMBERSHIPS_EMBED_ORIGINS" in text(page)


def test_where_sites_are_named_the_card_can_be_copied_too(client, client_for, creator, membership, settings):
    """V27"""
    settings.LMS_MEMBERSHIPS_EMBED_ORIGINS = [ORIGIN]
    page = client_for(creator).get(share(membership)).content.decode()
    *_others, frame = copied(page)
    address = re.search(r'src="http://testserver([^"]+)"', frame)[1]
    assert client.get(address).status_code == 200
    assert "sandbox=" in frame
    assert ORIGIN in text(page)


def test_a_title_cannot_break_out_of_what_is_copied(client_for, creator, membership, settings):
    """S13"""
    settings.LMS_MEMBERSHIPS_EMBED_ORIGINS = [ORIGIN]
    type(membership).objects.filter(pk=membership.pk).update(title='"><script>alert(1)</script>')
    for pasted in copied(client_for(creator).get(share(membership)).content.decode()):
        assert "<script>" not in pasted


def test_the_list_leads_there_for_what_is_published(client_for, creator, membership):
    draft = MembershipFactory(title="Not yet")
    page = client_for(creator).get(reverse("wagtailsnippets_lms_memberships_membership:list")).content.decode()
    assert share(membership) in page
    assert share(draft) not in page


def test_what_is_not_on_sale_says_so(client_for, creator, membership):
    membership.unpublish()
    assert "not on sale at the moment" in text(client_for(creator).get(share(membership)).content.decode())


def test_an_invitation_is_offered_to_who_may_make_one(client_for, creator, membership):
    leads = f"{reverse('lms_memberships_invitations_add')}?membership={membership.pk}"
    assert leads not in client_for(creator).get(share(membership)).content.decode()
    inviter = allow(UserFactory(), "view_membership", "add_invitationlink")
    assert leads in client_for(inviter).get(share(membership)).content.decode()
