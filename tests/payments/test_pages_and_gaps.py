"""Is a list read to its end, and is "there is no such object" an answer? Over real HTTP."""

import pytest

from lms_memberships.payments.gateway import GatewayUnreachable, NotFound
from lms_memberships.sandbox.faults import Fault
from lms_memberships.sandbox.work import work

pytestmark = pytest.mark.django_db

MANY = 250
EMAIL = "shared@school.test"


def many_customers(sandbox) -> None:
    """The oldest is the one that is looked for."""
    with work(sandbox) as unit:
        for number in range(MANY):
            unit.new("customer", "cus_", id=f"cus_{number}", email=EMAIL, metadata={"lmsm_user": str(number)})


def find_oldest(gateway) -> str | None:
    return gateway.find_customer(email=EMAIL, metadata_key="lmsm_user", metadata_value="0")


def test_what_stands_on_the_third_page_is_found(gateway, sandbox):
    """D13"""
    many_customers(sandbox)
    assert find_oldest(gateway) == "cus_0"
    pages = [each for each in sandbox.requests.all() if (each["method"], each["path"]) == ("GET", "/v1/customers")]
    assert len(pages) == 3


def test_a_page_that_fails_is_a_failure_and_not_the_end_of_the_list(gateway, sandbox):
    """D13: half a list would say "nobody", and a second customer would be made."""
    many_customers(sandbox)
    # The first page, its second try for the next, and that one again.
    sandbox.faults.plan(Fault("latency", "GET /v1/customers"))
    sandbox.faults.plan(Fault("status", "GET /v1/customers", status=503, count=2))
    with pytest.raises(GatewayUnreachable):
        find_oldest(gateway)
    assert find_oldest(gateway) == "cus_0"


@pytest.mark.parametrize(
    ("call", "name"), [("read_checkout", "cs_gone"), ("read_subscription", "sub_gone"), ("read_invoice", "in_gone")]
)
def test_an_object_that_is_gone_is_an_answer(call, name, gateway):
    """D11: not a failure that is tried again for ever."""
    with pytest.raises(NotFound) as caught:
        getattr(gateway, call)(name)
    assert caught.value.code == "resource_missing"
    assert not caught.value.is_ambiguous


def test_looking_for_what_is_gone_finds_nothing(gateway):
    """D11"""
    assert gateway.find_product("prod_gone") is None
    assert gateway.find_price("lookup_gone") is None
    assert gateway.customer_exists("cus_gone") is False
    gateway.cancel_now("sub_gone")  # what is gone is over


def test_control_another_error_is_not_taken_for_gone(gateway, sandbox):
    """D11, negative control"""
    sandbox.faults.plan(Fault("status", status=503, count=2))
    with pytest.raises(GatewayUnreachable):
        gateway.customer_exists("cus_gone")
