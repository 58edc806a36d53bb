"""What does a small school with one members-only course look like? Rows, as publishing and a purchase leave them."""

from datetime import datetime, timedelta

from django.db import models
from wagtail.models import Page, Site
from wagtail_lms.models import CoursePage, H5PLessonPage

from lms_memberships.access import fence
from lms_memberships.bundles import catalogue
from lms_memberships.models import Membership, Subscription
from tests.factories import MembershipFactory, put_into

CANARY = "CANARY-in-the-lesson"


def front_page() -> Page:
    return Site.objects.get(is_default_site=True).root_page


def course(title: str = "Clay", *, parent: Page | None = None) -> CoursePage:
    page = (parent or front_page()).add_child(
        instance=CoursePage(title=title, description=f"<p>{CANARY} of {title}</p>")
    )
    page.save_revision().publish()
    return page


def lesson(parent: Page, title: str = "Wedging") -> H5PLessonPage:
    page = parent.add_child(instance=H5PLessonPage(title=title, intro=f"<p>{CANARY} {title}</p>"))
    page.save_revision().publish()
    return page


def sold(*things: models.Model, title: str = "Gold", now: datetime, live: bool = True) -> Membership:
    """A published membership that contains these, fenced."""
    membership = put_into(
        MembershipFactory(title=title, live=live, first_published_at=now - timedelta(days=30)), *things
    )
    fence.refresh_for(membership)
    return membership


def subscribe(user: models.Model, membership: Membership, *, until: datetime | None, **columns: object) -> Subscription:
    values = {
        "status": "active",
        "started_at": until or datetime(2026, 1, 1, tzinfo=None).astimezone(),
        "opened_at": until,
        "account": "acct_school",
        "livemode": False,
        **columns,
    }
    return Subscription.objects.create(user=user, membership=membership, access_until=until, **values)


def session(title: str, now: datetime) -> models.Model:
    from example_site.models import LiveSession

    made = LiveSession.objects.create(
        title=title,
        slug=title.lower(),
        description="-",
        starts_at=now,
        ends_at=now + timedelta(hours=1),
        join_url="https://meet.school.test/x",
    )
    catalogue.sync(made)
    return made
