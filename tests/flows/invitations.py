"""How do the tests get an invitation? Made as the admin's form makes it, and its address."""

import uuid

from django.urls import reverse

from lms_memberships.memberships import invitations
from lms_memberships.models import InvitationLink
from tests import clock
from tests.factories import UserFactory


def invite(
    membership, *, kind: str = "single", free: bool = False, price=None, **more: object
) -> tuple[InvitationLink, str]:
    """The link, and the address that a creator sends. At the first price, unless it is free."""
    price = None if free else price or membership.prices.order_by("pk").first()
    draft = invitations.Draft(form_token=uuid.uuid4(), membership=membership, price=price, kind=kind, **more)
    link, token = invitations.make(draft, by=UserFactory(), now=clock.now())
    return link, reverse("lms_memberships:invitation", args=[token])
