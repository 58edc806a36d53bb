"""What happens when the button at the end is pressed? Complete, then Stripe, then published; once (U24–U29, S26)."""

from django.db import transaction
from django.http import HttpResponse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from wagtail.actions.unpublish import UnpublishAction
from wagtail.admin.forms.models import WagtailAdminModelForm

from .. import asking, clock
from ..errors import OutsideFailure, Refusal
from ..memberships import publishing
from ..memberships.models import Membership
from ..payments import connect
from . import reminder
from .step import Step


class PublishMixin:
    """For edit views of a membership. Stripe is asked before the row goes live, outside any transaction."""

    steps: tuple[Step, ...]
    finished_as_draft = False

    @cached_property
    def problems(self) -> dict[str, list[str]]:
        """What keeps this version from going on sale, by step."""
        return self.wizard.by_step(publishing.problems(self.object))

    def is_valid(self, form: WagtailAdminModelForm) -> bool:
        if not super().is_valid(form):
            return False
        if self.action == "publish" and "status" in form.fields and form.wants_draft():
            return self._finish_as_draft()
        if self.action == "publish":
            return self._is_complete(form) and self._is_ready_at_stripe(form)
        return self.action != "submit" or self._is_complete(form)

    def _finish_as_draft(self) -> bool:
        self.finished_as_draft = True
        self.saving_as_draft = True
        self.action = "unpublish" if self.live_object.live else "edit"
        return True

    def _is_complete(self, form: WagtailAdminModelForm) -> bool:
        problems = self.wizard.by_step(publishing.problems(form.instance))
        if not problems:
            return True
        self.problems = problems
        labels = {step.slug: step.label for step in self.steps}
        counted = [f"{labels[slug]} ({len(texts)})" for slug, texts in problems.items()]
        return self._refuse(
            _("This membership cannot be published yet. Please complete: %(steps)s.") % {"steps": ", ".join(counted)}
        )

    def _is_ready_at_stripe(self, form: WagtailAdminModelForm) -> bool:
        try:
            state = connect.ensure_fresh()
            if not state.is_working:
                raise connect.NotConnected(str(state.problem))
            asking.count(self.request)
            publishing.prepare(form.instance, gateway=connect.get_gateway(), now=clock.now())
        except (Refusal, OutsideFailure, asking.AskedTooOften) as no:
            form.add_error("status" if "status" in form.fields else None, str(no.message))
            return self._refuse(_("Nothing was published: %(reason)s") % {"reason": no.message})
        return True

    def _refuse(self, message: str) -> bool:
        self.produced_error_code, self.produced_error_message = "validation_error", message
        return False

    def form_valid(self, form: WagtailAdminModelForm) -> HttpResponse:
        if self.action != "publish":
            return super().form_valid(form)
        # The lock makes two clicks one after the other; the second then finds nothing left to do.
        with transaction.atomic():
            row = Membership.objects.select_for_update().get(pk=self.object.pk)
            if _is_published_already(row, form):
                self.form = form
                return self.save_action()
            return super().form_valid(form)

    def unpublish_action(self) -> None:
        # The view has asked for the permission already; Wagtail 7.4 cannot ask a snippet.
        UnpublishAction(self.live_object, user=self.request.user).execute(skip_permission_checks=True)

    def get_success_url(self) -> str:
        if self.finished_as_draft:
            return self.wizard.list_url()
        return super().get_success_url()

    def get_success_message(self, instance: Membership | None = None) -> str | None:
        if self.finished_as_draft:
            return _("'%(title)s' is a draft. Students cannot see it or buy it.") % {"title": self.object.title}
        message = super().get_success_message(*([instance] if instance else []))
        return (
            reminder.after_publishing(message, self.object, user=self.request.user)
            if self.action == "publish"
            else message
        )


def _is_published_already(row: Membership, form: WagtailAdminModelForm) -> bool:
    # A choice about a change that is live already changes nothing.
    changed = set(form.changed_data) - {"status", "members"}
    return row.live and row.live_revision_id == row.latest_revision_id and not changed
