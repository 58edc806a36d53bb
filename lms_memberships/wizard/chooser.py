"""Which memberships does Wagtail's chooser offer? To those who work with them all, to other editors what is published."""

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db.models import QuerySet
from django.urls import URLPattern
from wagtail.snippets.views.chooser import (
    ChooseResultsView,
    ChooseView,
    SnippetChooserViewSet,
    SnippetChosenMultipleView,
    SnippetChosenView,
)

from ..memberships.models import Membership

WORKING_WITH_THEM = ("view", "add", "change", "delete", "publish")
#: In digits; a database would raise for a number that none of its columns can hold.
LONGEST_ID = 19


def offered_to(person: AbstractUser | AnonymousUser) -> QuerySet[Membership]:
    """The one queryset for list, search and what was chosen (S25): a draft's name is not for every editor."""
    every = Membership.objects.all()
    if any(person.has_perm(f"lms_memberships.{verb}_membership") for verb in WORKING_WITH_THEM):
        return every
    return every.filter(live=True)


class _Offered:
    """Wagtail's own chooser takes every row, for whoever may enter the admin."""

    def get_object_list(self) -> QuerySet[Membership]:
        return offered_to(self.request.user)

    def get_object(self, pk: str) -> Membership:
        return offered_to(self.request.user).get(pk=pk if pk.isascii() and pk.isdigit() and len(pk) < LONGEST_ID else 0)

    def get_objects(self, pks: list[str]) -> QuerySet[Membership]:
        known = [pk for pk in pks if pk.isascii() and pk.isdigit() and len(pk) < LONGEST_ID]
        return offered_to(self.request.user).filter(pk__in=known)

    def can_create(self) -> bool:
        # A membership is made in the wizard, which asks for Stripe first.
        return False


class _Choose(_Offered, ChooseView):
    pass


class _Results(_Offered, ChooseResultsView):
    pass


class _Chosen(_Offered, SnippetChosenView):
    pass


class _ChosenMultiple(_Offered, SnippetChosenMultipleView):
    pass


class MembershipChooserViewSet(SnippetChooserViewSet):
    """Without the address that creates: its form would skip the wizard."""

    choose_view_class = _Choose
    choose_results_view_class = _Results
    chosen_view_class = _Chosen
    chosen_multiple_view_class = _ChosenMultiple

    def get_urlpatterns(self) -> list[URLPattern]:
        return [pattern for pattern in super().get_urlpatterns() if pattern.name != "create"]
