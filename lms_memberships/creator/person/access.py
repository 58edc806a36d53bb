"""Who is on the page, and may whoever asks see it, or do that for them?"""

from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from ...payments.customers import full_name_of
from ...subscriptions import amounts
from ...subscriptions.models import Subscription
from . import names


def check(request: HttpRequest, *permissions: str) -> None:
    """Raise PermissionDenied: whoever does something for a person also sees that page."""
    if not request.user.has_perms([names.SEE, *permissions]):
        raise PermissionDenied


def person(pk: int) -> Any:
    """Any account: access can be given to somebody who holds nothing yet."""
    return get_object_or_404(get_user_model()._base_manager, pk=pk)


def held_by(pk: int, held: int) -> Subscription:
    """One that this person holds: another's is as unknown as none (S19)."""
    rows = Subscription.objects.select_related("membership", "price", "user")
    return get_object_or_404(amounts.with_what_is_planned(rows), pk=held, user_id=pk)


def name_of(user: Any) -> str:
    """As staff call them."""
    return full_name_of(user) or user.get_username()
