"""Does a step cost the same however much there is?"""

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from example_site.models import LiveSession
from lms_memberships.models import BundleItem, Item, Membership
from tests.factories import MembershipFactory


def queries(browser, url: str) -> int:
    browser.get(url)
    with CaptureQueriesContext(database) as captured:
        assert browser.get(url).status_code == 200
    return len(captured)


def bundle_more(membership: Membership, count: int, start: int = 0) -> None:
    """Rows only: what they stand for costs nothing to show."""
    content_type = ContentType.objects.get_for_model(LiveSession)
    items = Item.objects.bulk_create(
        Item(kind="live_session", content_type=content_type, object_id=str(10_000 + number), title=f"Evening {number}")
        for number in range(start, start + count)
    )
    BundleItem.objects.bulk_create(
        BundleItem(membership=membership, item=item, sort_order=number)
        for number, item in enumerate(items, start=start)
    )
    Membership.objects.get(pk=membership.pk).save_revision()


@pytest.mark.parametrize("slug", ["information", "bundle", "publish"])
def test_a_step_asks_as_often_with_three_hundred_items_as_with_ten(browser, wizard, slug):
    """U21, U22"""
    small, large = MembershipFactory(), MembershipFactory()
    bundle_more(small, 10)
    bundle_more(large, 290, start=10)
    assert queries(browser, wizard.step(large, slug)) == queries(browser, wizard.step(small, slug))


def test_the_listing_asks_as_often_with_fifty_as_with_one(browser, wizard, sessions):
    """U8, U9"""
    MembershipFactory(live=True)
    few = queries(browser, wizard.list)
    for _number in range(49):
        MembershipFactory(live=True)
    assert queries(browser, wizard.list) == few
