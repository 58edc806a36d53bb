"""On which page are two accounts of one person merged, and a merge undone? Chosen, shown, then done (K11)."""

from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ... import clock
from ...access.tasks import deliver
from ...asking import asks_stripe
from ...errors import OutsideFailure, Refusal
from ...payments import connect
from ...payments.customers import email_of
from ...punctuation import labelled, quoted
from ...subscriptions import merged_names, merging, people_states
from ...subscriptions.deed_models import Deed
from ...subscriptions.deeds import Wish
from . import names
from .access import name_of
from .acting import Act, DeedForm
from .finding import PER_PAGE, accounts, searched_for
from .slices import Slice

COLUMNS: dict[str, str | Promise] = {
    "Subscription.user": gettext_lazy("Subscriptions"),
    "Checkout.user": gettext_lazy("Purchases that were begun"),
    "Invoice.user": gettext_lazy("Invoices"),
    "TierChange.user": gettext_lazy("Changes of tier"),
    "Gift.giver": gettext_lazy("Gifts that they gave"),
    "Gift.user": gettext_lazy("Gifts that they redeemed"),
    "GuestPurchase.claimed_by": gettext_lazy("Purchases without an account that they claimed"),
    "TrialTaken.user": gettext_lazy("Trials that they have had"),
    "InvitationUse.user": gettext_lazy("Uses of invitations"),
    "WaitingEntry.user": gettext_lazy("Places on waiting lists"),
    "Email.user": gettext_lazy("E-mails"),
    "Customer.user": gettext_lazy("Customers at Stripe"),
}


class MergeForm(DeedForm):
    other = forms.IntegerField(widget=forms.HiddenInput, min_value=1)


@method_decorator(asks_stripe("POST"), name="post")
class MergePage(Act):
    """``?q=`` finds the other account, ``?other=`` shows what would be moved; only the form below moves it."""

    needs = names.MERGE
    page_title = gettext_lazy("Merge with another account")
    button = gettext_lazy("Move all of it to this account")
    is_serious = True
    form_class = MergeForm
    template_name = "lms_memberships/creator/person/merge.html"

    @cached_property
    def other(self) -> Any:
        source = self.request.POST if self.request.method == "POST" else self.request.GET
        number = source.get("other", "")
        if not (number.isascii() and number.isdigit() and len(number) < 19):
            return None
        return get_object_or_404(get_user_model()._base_manager, pk=number)

    @cached_property
    def preview(self) -> tuple[merging.Preview | None, str]:
        """What would be moved, or why nothing can be."""
        try:
            return merging.preview(self.other.pk, self.person.pk, now=clock.now()), ""
        except Refusal as refusal:
            return None, str(refusal.message)

    def get_initial(self) -> dict[str, Any]:
        return {**super().get_initial(), "other": self.other.pk if self.other else None}

    def found(self) -> Slice:
        words = searched_for(self.request.GET.get("q", ""))
        return accounts(words, self.request.GET, lambda pk: f"?other={pk}", but=self.person.pk)

    def why_not(self) -> str:
        return self.preview[1] if self.other else ""

    def lead(self) -> list[object]:
        found = self.preview[0] if self.other else None
        if found is None:
            return []
        said: list[object] = [
            _("Nothing is cancelled, and nothing is charged or given back by it. It can be undone."),
            _("The other account stays, and holds nothing any more. Progress in courses stays with it."),
        ]
        if found.doubles:
            titles = ", ".join(quoted(row.membership.title) for row in found.doubles)
            said.append(
                _("They pay for this twice then, and somebody has to end one of the two: %(titles)s")
                % {"titles": titles}
            )
        if found.has_two_customers:
            said.append(_("Both are customers at Stripe: each subscription stays with the customer that pays for it."))
        elsewhere = merged_names.out_of_reach(found.moved, connect.current())
        if elsewhere:
            titles = ", ".join(f"{quoted(row.membership.title)} ({row.stripe_id})" for row in elsewhere)
            said.append(
                _(
                    "Of another account or mode of Stripe; moved here, and still named after the other account there: %(titles)s"
                )
                % {"titles": titles}
            )
        return said

    def facts(self) -> list[tuple[object, object]]:
        found = self.preview[0] if self.other else None
        if found is None:
            return []
        held = [labelled(quoted(row.membership.title), _state_of(row)) for row in found.moved]
        return [
            (gettext_lazy("From this account"), f"{name_of(self.other)} ({email_of(self.other)})"),
            (gettext_lazy("To this account"), f"{name_of(self.person)} ({email_of(self.person)})"),
            (gettext_lazy("They hold or held"), ", ".join(held)),
            *((COLUMNS[column], str(count)) for column, count in found.counts.items()),
        ]

    def act(self, form: Any, wish: Wish) -> str:
        other = get_object_or_404(get_user_model()._base_manager, pk=form.cleaned_data["other"])
        deed = merging.merge(other.pk, self.person.pk, wish=wish, now=clock.now())
        return _tell(deed, _("The accounts are merged."))

    def get_context_data(self, **kwargs: object) -> dict:
        context = super().get_context_data(**kwargs)
        can_merge = self.other is not None and self.preview[0] is not None
        asked = {"other": self.other, "can_merge": can_merge, "q": self.request.GET.get("q", "")[:100]}
        return {**context, **asked, "found": self.found() if self.other is None else None, "merges": self.merges()}

    def merges(self) -> list[dict[str, object]]:
        """Those into this account that can be undone, newest first."""
        rows = Deed.objects.filter(kind=Deed.Kind.MERGED, user_id=self.person.pk).order_by("-pk")[:PER_PAGE]
        url = names.name("part")
        return [
            {"deed": row, "url": reverse(url, args=[self.person.pk, row.pk])}
            for row in rows
            if "parted" not in row.details
        ]


@method_decorator(asks_stripe("POST"), name="post")
class PartPage(Act):
    needs = names.MERGE
    page_title = gettext_lazy("Undo this merge")
    button = gettext_lazy("Move it back")
    is_serious = True

    @cached_property
    def merged(self) -> Deed:
        rows = Deed.objects.filter(kind=Deed.Kind.MERGED, user_id=self.kwargs["pk"])
        return get_object_or_404(rows, pk=self.kwargs["deed"])

    def look(self) -> None:
        super().look()
        self.merged  # noqa: B018 - looked up by that

    def lead(self) -> list[object]:
        return [_("What was moved then goes back to the other account, as far as it is still here.")]

    def facts(self) -> list[tuple[object, object]]:
        moved = self.merged.details["moved"]
        return [(COLUMNS[column], str(len(pks))) for column, pks in moved.items() if pks]

    def why_not(self) -> str:
        return str(merging.NotMerged.message) if "parted" in self.merged.details else ""

    def act(self, form: Any, wish: Wish) -> str:
        return _tell(merging.part(self.merged, wish=wish, now=clock.now()), _("The merge is undone."))


def _state_of(row: Any) -> str:
    """What ``people_states.with_state`` noted on the row."""
    return str(people_states.LABELS[row.standing])


def _tell(deed: Deed, said: str) -> str:
    """Done here it is; Stripe is told now, or by the job."""
    deliver.enqueue()
    try:
        merged_names.carry_out(deed, gateway=connect.get_gateway(), now=clock.now())
    except (Refusal, OutsideFailure) as no:
        return _("%(said)s Telling Stripe is tried again by itself: %(why)s") % {"said": said, "why": no.message}
    return said
