"""What does the site tell the add-on? That somebody has proven a new address: then Stripe's receipts follow (K3)."""

from allauth.account.models import EmailAddress
from allauth.account.signals import email_changed, email_confirmed
from django.contrib.auth.models import AbstractBaseUser
from django.dispatch import receiver
from django.http import HttpRequest

from lms_memberships.subscriptions import receipts


@receiver(email_confirmed)
def tell_of_proof(sender: object, request: HttpRequest, email_address: EmailAddress, **more: object) -> None:
    """The link in allauth's mail was opened. Another address than the account's own changes nothing at Stripe."""
    if email_address.primary:
        receipts.email_changed(email_address.user)


@receiver(email_changed)
def tell_of_change(
    sender: object, request: HttpRequest, user: AbstractBaseUser, to_email_address: EmailAddress, **more: object
) -> None:
    """Another of their addresses is the account's own now. One that nobody has proven yet is told when it is."""
    if to_email_address.verified:
        receipts.email_changed(user)
