"""How does a test get its people and memberships? Built the way the product builds them, not by hand."""

import factory
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import models

from lms_memberships import clock
from lms_memberships.bundles import catalogue
from lms_memberships.memberships import publishing
from lms_memberships.models import BundleItem, Membership
from lms_memberships.payments.gateway import Gateway


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = get_user_model()
        skip_postgeneration_save = True

    username = factory.Sequence(lambda number: f"person{number}")
    email = factory.LazyAttribute(lambda person: f"{person.username}@school.test")
    first_name = "Camille"
    last_name = factory.Sequence(lambda number: f"Martin {number}")


class MembershipFactory(factory.django.DjangoModelFactory):
    """A draft that only lacks a bundle."""

    class Meta:
        model = Membership

    title = factory.Sequence(lambda number: f"Studio pass {number}")
    description = "Everything in the **studio**."
    price_amount = 1900
    currency = "eur"
    interval = "month"
    live = False


def allow(user: models.Model, *codenames: str) -> models.Model:
    """Give somebody permissions of ours (and Wagtail's door to the admin)."""
    wanted = Permission.objects.filter(codename__in=[*codenames, "access_admin"])
    user.user_permissions.add(*wanted)
    return get_user_model().objects.get(pk=user.pk)


def put_into(membership: Membership, *things: models.Model) -> Membership:
    """Bundle things, in this order."""
    rows = [BundleItem(item=catalogue.sync(thing), sort_order=number) for number, thing in enumerate(things)]
    membership.bundle_items.set(rows)
    membership.save()
    return membership


def publish(membership: Membership, *, gateway: Gateway) -> Membership:
    """Put it on sale as the wizard's button does: Stripe first."""
    publishing.prepare(membership, gateway=gateway, now=clock.now())
    membership.save_revision().publish()
    membership.refresh_from_db()
    return membership
