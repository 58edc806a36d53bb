"""Is everybody one customer at Stripe, and stays one?"""

import pytest

from lms_memberships.models import Customer, Intent
from lms_memberships.payments.customers import customer_for
from lms_memberships.payments.gateway import GatewayUnreachable
from lms_memberships.sandbox.faults import Fault

pytestmark = pytest.mark.django_db


def emails(gateway) -> list[str]:
    return [each.email for each in gateway.client.v1.customers.list().data]


def test_a_person_is_one_customer_in_whatever_language_they_come_back(student, gateway):
    """X8"""
    first = customer_for(student, gateway=gateway, language="fr")
    assert customer_for(student, gateway=gateway, language="en") == first
    assert emails(gateway) == ["student@school.test"]
    made = gateway.client.v1.customers.retrieve(first)
    assert (made.name, made.preferred_locales) == ("Ada Lind", ["fr"])
    assert made.metadata.lmsm_user == str(student.pk)


def test_two_people_are_two_customers_even_with_one_address(student, creator, gateway):
    creator.email = student.email
    creator.save()
    assert customer_for(student, gateway=gateway, language="en") != customer_for(
        creator, gateway=gateway, language="en"
    )


def test_a_customer_deleted_at_stripe_is_replaced(student, gateway):
    first = customer_for(student, gateway=gateway, language="en")
    gateway.client.v1.customers.delete(first)
    second = customer_for(student, gateway=gateway, language="en")
    assert second != first
    assert customer_for(student, gateway=gateway, language="en") == second
    gateway.client.v1.customers.delete(second)
    third = customer_for(student, gateway=gateway, language="en")
    assert third not in {first, second}
    assert Customer.objects.get(user=student).stripe_id == third


def test_a_lost_answer_does_not_make_a_second_customer(student, gateway, sandbox):
    """D1, X8"""
    sandbox.faults.plan(Fault("commit_then_drop", "POST /v1/customers", count=2))
    with pytest.raises(GatewayUnreachable):
        customer_for(student, gateway=gateway, language="en")
    customer_for(student, gateway=gateway, language="fr")
    assert len(emails(gateway)) == 1


def test_a_request_that_was_changed_after_a_failure_is_made_anew(student, gateway, sandbox):
    """D2: the key stands for the first request's words, which Stripe may have kept."""
    sandbox.faults.plan(Fault("status", "POST /v1/customers", status=500))
    with pytest.raises(GatewayUnreachable):
        customer_for(student, gateway=gateway, language="en")
    Intent.objects.update(state=Intent.State.UNKNOWN)
    found = customer_for(student, gateway=gateway, language="fr")
    assert gateway.client.v1.customers.retrieve(found).preferred_locales == ["fr"]
    assert len(emails(gateway)) == 1


def test_no_address_is_kept_in_the_intent(student, gateway):
    """S42"""
    customer_for(student, gateway=gateway, language="en")
    kept = Intent.objects.values_list("subject", "parameters", "idempotency_key").get()
    assert student.email not in str(kept)


def test_somebody_without_a_name_is_a_customer_too(student, gateway):
    student.first_name = student.last_name = ""
    assert customer_for(student, gateway=gateway, language="xx").startswith("cus_")
