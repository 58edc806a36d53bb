"""How do the steps become views? One edit handler and one address for each, beside all of Wagtail's own views."""

from collections.abc import Callable, Mapping

from django.urls import URLPattern, path, reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import ObjectList, Panel, TabbedInterface
from wagtail.snippets.views.snippets import SnippetViewSet

from ..memberships import publishing
from ..memberships.models import Membership
from ..retrying import unwrapped
from . import menu
from .chooser import MembershipChooserViewSet
from .steps import STEPS, WholeForm
from .views import (
    ConfirmCancellationView,
    FullEditView,
    HistoryView,
    ResumeView,
    StepCreateView,
    StepEditView,
    StepPreviewView,
)


class MembershipViewSet(SnippetViewSet):
    """The wizard. The listing is handed in by whoever puts the admin together."""

    model = Membership
    icon = "group"
    menu_label = _("Memberships")
    menu_name = "memberships"
    menu_hook = menu.HOOK
    url_prefix = "memberships"
    add_view_class = StepCreateView
    edit_view_class = FullEditView
    history_view_class = HistoryView
    confirm_workflow_cancellation_view_class = ConfirmCancellationView
    chooser_viewset_class = MembershipChooserViewSet
    # A copy would need an address, an id and prices of its own.
    copy_view_enabled = False
    # The listing says how it searches.
    search_backend_name = search_fields = SnippetViewSet.UNDEFINED
    steps = STEPS

    @cached_property
    def step_handlers(self) -> dict[str, Panel]:
        return {step.slug: step.bound_to(self.model) for step in self.steps}

    def get_edit_handler(self) -> Panel:
        """All steps in tabs: for comparing, reverting and forms built elsewhere."""
        tabs = [ObjectList(step.panels_for_any_form(), heading=step.label) for step in self.steps]
        return TabbedInterface(tabs, base_form_class=WholeForm).bind_to_model(self.model)

    @cached_property
    def _step_of(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for step in self.steps:
            names = [*self.step_handlers[step.slug].get_form_options().get("fields", []), *step.mends]
            found |= dict.fromkeys(names, step.slug)
        return found

    def by_step(self, problems: Mapping[str, list[str]]) -> dict[str, list[str]]:
        """Problems by the slug of the step that mends them, in the order of the steps."""
        found: dict[str, list[str]] = {step.slug: [] for step in self.steps}
        for name, texts in problems.items():
            found[self._step_of.get(name, self.steps[0].slug)] += texts
        return {slug: texts for slug, texts in found.items() if texts}

    def step_to_resume(self, membership: Membership) -> str:
        """The first incomplete step; the first one again once it is live."""
        if membership.live:
            return self.steps[0].slug
        problems = self.by_step(publishing.problems(membership))
        return next(iter(problems), self.steps[-1].slug)

    def list_url(self) -> str:
        return reverse(self.get_url_name("list"))

    def _step_kwargs(self) -> dict:
        return {"wizard": self, "steps": self.steps, "step_url_name": self.get_url_name("step")}

    def get_add_view_kwargs(self, **kwargs: object) -> dict:
        return super().get_add_view_kwargs(**kwargs) | self._step_kwargs() | _own_form(StepCreateView)

    def get_edit_view_kwargs(self, **kwargs: object) -> dict:
        return super().get_edit_view_kwargs(**kwargs) | self._step_kwargs()

    @property
    def step_view(self) -> Callable:
        return self.construct_view(StepEditView, **self.get_edit_view_kwargs() | _own_form(StepEditView))

    @property
    def resume_view(self) -> Callable:
        return self.construct_view(ResumeView, **self.get_edit_view_kwargs())

    @property
    def step_preview_view(self) -> Callable:
        return self.construct_view(StepPreviewView, wizard=self)

    @property
    def preview_on_add_view(self) -> Callable:
        form_class = self.step_handlers[self.steps[0].slug].get_form_class()
        return self.construct_view(self.preview_on_add_view_class, form_class=form_class)

    def get_urlpatterns(self) -> list[URLPattern]:
        key = f"<{self.pk_path_converter}:pk>"
        return unwrapped(
            [
                *(pattern for pattern in super().get_urlpatterns() if pattern.name != "edit"),
                path(f"edit/{key}/", self.resume_view, name="edit"),
                path(f"edit/{key}/<slug:step>/", self.step_view, name="step"),
                path(f"preview/{key}/<slug:step>/", self.step_preview_view, name="preview_on_step"),
            ]
        )


def _own_form(view_class: type) -> dict:
    """Each step brings its own form and template, not the viewset's one."""
    return {"form_class": None, "panel": None, "template_name": view_class.template_name}
