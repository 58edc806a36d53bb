"""How else does the school sell? An invitation to colleagues, a gift, and a price that it made in Stripe's dashboard."""

import uuid

import requests
from django.conf import settings
from django.contrib.auth import get_user_model

from lms_memberships import clock
from lms_memberships.memberships import invitations
from lms_memberships.memberships.invitation_models import InvitationLink
from lms_memberships.memberships.models import Membership

from .memberships import FIRST_CLAY, WORKSHOP
from .people import PASSWORD
from .visitor import SUCCEEDS, TIMEOUT_SECONDS, Visitor

#: One of the students who came before, and whoever they give it to.
GIVER, FRIEND = "camille", "Kim"
PRICE_IN_STRIPE = {"currency": "eur", "unit_amount": "9900", "recurring[interval]": "month"}


def seed_invitation() -> None:
    """Free for two weeks, for as many as have the link: it can be copied again whenever it is needed."""
    draft = invitations.Draft(
        form_token=uuid.uuid4(),
        membership=Membership.objects.get(title=FIRST_CLAY.title),
        price=None,
        kind=InvitationLink.Kind.MANY,
        max_uses=20,
        days=14,
        note="For the potters of the open studio day",
    )
    invitations.make(draft, by=get_user_model().objects.get(username="creator"), now=clock.now())


def seed_gift(*, site: str) -> None:
    """Paid, and handed over by whoever gives it."""
    giver = get_user_model().objects.get(username=GIVER)
    visitor = Visitor(site=site, username=GIVER, name=giver.get_full_name(), password=PASSWORD)
    visitor.give(Membership.objects.get(title=WORKSHOP.title).slug, to=FRIEND, card=SUCCEEDS)


def seed_price_in_stripe() -> None:
    """As a school has them that sold before: step 1 of the wizard takes it over."""
    product = _at_stripe("products", {"name": "Kiln days", "description": "Two firings a month, with us"})
    _at_stripe("prices", {"product": product, "nickname": "Monthly", **PRICE_IN_STRIPE})


def _at_stripe(what: str, fields: dict[str, str]) -> str:
    answer = requests.post(
        f"{settings.LMS_MEMBERSHIPS_STRIPE_API_BASE.rstrip('/')}/v1/{what}",
        data=fields,
        headers={"Authorization": f"Bearer {settings.LMS_MEMBERSHIPS_STRIPE_SECRET_KEY}"},
        timeout=TIMEOUT_SECONDS,
    )
    answer.raise_for_status()
    return str(answer.json()["id"])
