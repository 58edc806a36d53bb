"""Does a membership come on sale only complete and confirmed, and once?"""

import pytest

from lms_memberships import clock
from lms_memberships.memberships import publishing
from lms_memberships.memberships.publishing import SaleState, sale_state
from lms_memberships.models import Membership, Price
from lms_memberships.payments.gateway import GatewayFailure
from lms_memberships.sandbox.faults import Fault
from tests.factories import MembershipFactory, publish, put_into

pytestmark = pytest.mark.django_db


def stripe_objects(sandbox, kind: str) -> list:
    return sandbox.store.all(kind, account=sandbox.account_id)


def test_publishing_twice_makes_one_product_and_one_price(membership, gateway, sandbox):
    """U28, W14."""
    publish(membership, gateway=gateway)
    assert len(stripe_objects(sandbox, "product")) == 1
    assert len(stripe_objects(sandbox, "price")) == 1


def test_a_new_amount_is_a_new_price_and_the_old_row_stays(membership, gateway, sandbox, connection):
    membership.price_amount = 2500
    publish(membership, gateway=gateway)
    assert len(stripe_objects(sandbox, "product")) == 1
    assert Price.objects.count() == 2
    assert sale_state(membership, connection)[0] is SaleState.ON_SALE


def test_publishing_by_another_way_is_prepared_by_the_task(gateway, live_session, connection):
    """U28: workflow, schedule and bulk publish first; the price is confirmed after, and then it is on sale."""
    draft = put_into(MembershipFactory(), live_session)
    draft.save_revision().publish()
    draft.refresh_from_db()
    assert sale_state(draft, connection)[0] is SaleState.WAITING
    assert not Membership.objects.on_sale(connection).exists()
    publishing.prepare_waiting(gateway=gateway, now=clock.now())
    assert sale_state(draft, connection)[0] is SaleState.ON_SALE


def test_an_incomplete_membership_never_goes_on_sale(gateway, connection):
    """S26, U28: published by a back door without a bundle, it is neither listed nor buyable, and says why."""
    draft = MembershipFactory()
    draft.save_revision().publish()
    draft.refresh_from_db()
    publishing.prepare_waiting(gateway=gateway, now=clock.now())
    state, why = sale_state(draft, connection)
    assert state is SaleState.FAILED
    assert "at least one" in why
    with pytest.raises(publishing.Incomplete) as refusal:
        publishing.prepare(draft, gateway=gateway, now=clock.now())
    assert "bundle_items" in refusal.value.problems


def test_a_failure_of_stripes_is_kept_and_mended_by_trying_again(gateway, sandbox, live_session, connection):
    """U28: the reason stands on the row for the admin; "try again" is the same call."""
    draft = put_into(MembershipFactory(), live_session)
    draft.save_revision().publish()
    draft.refresh_from_db()
    sandbox.faults.plan(Fault(kind="status", path="/v1/prices", status=503, count=9))
    with pytest.raises(GatewayFailure):
        publishing.prepare(draft, gateway=gateway, now=clock.now())
    state, why = sale_state(draft, connection)
    assert state is SaleState.FAILED
    assert "Stripe" in why
    sandbox.faults.clear()
    publishing.prepare(draft, gateway=gateway, now=clock.now())
    assert sale_state(draft, connection) == (SaleState.ON_SALE, "")
    assert len(stripe_objects(sandbox, "product")) == len(stripe_objects(sandbox, "price")) == 1


def test_an_emptied_bundle_takes_it_off_sale(membership, connection):
    membership.bundle_items.set([])
    membership.save()
    assert sale_state(membership, connection)[0] is SaleState.FAILED
    assert not Membership.objects.on_sale(connection).exists()


def test_the_address_is_kept_when_the_title_changes(membership):
    """W19: shared links live."""
    slug = membership.slug
    membership.title = "Another name"
    membership.save()
    assert membership.slug == slug


def test_equal_titles_get_addresses_of_their_own(db):
    titles = ["Gold", "Gold", "Gold", "account", "done"]
    slugs = [MembershipFactory(title=title).slug for title in titles]
    assert slugs == ["gold", "gold-2", "gold-3", "account-2", "done-2"]
