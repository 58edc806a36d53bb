"""How does one step answer? Wagtail's create and edit views, with a step's own form, buttons and neighbours."""

from django.contrib.admin.utils import quote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from wagtail.admin.forms.models import WagtailAdminModelForm
from wagtail.admin.panels import Panel
from wagtail.snippets.views.snippets import (
    ConfirmWorkflowCancellationView,
    CreateView,
    EditView,
    PreviewOnEditView,
)
from wagtail.snippets.views.snippets import HistoryView as SnippetHistoryView

from . import connection
from .action_menu import StepActionMenu
from .bundle_browsing import BUTTON, Browsing
from .help_contact import contact
from .information_form import keep_price, may_set_price
from .publishing import PublishMixin
from .step import Step, StepLink, StepNav

LONGEST_USER_ID = 9
#: Moving about saves a draft and never publishes.
MOVES = ("next", "back", "browse")


class StepViewMixin:
    """What the first step of a new membership and every step of an existing one share."""

    wizard = None
    steps: tuple[Step, ...] = ()
    step_url_name = ""
    form_class = None
    template_name = "lms_memberships/wizard/step.html"
    partials_template_name = "lms_memberships/wizard/step_partials.html"

    def setup(self, request: HttpRequest, *args: object, **kwargs: object) -> None:
        slugs = [step.slug for step in self.steps]
        wanted = kwargs.get("step", slugs[0])
        if wanted not in slugs:
            raise Http404
        self.index = slugs.index(wanted)
        self.step = self.steps[self.index]
        super().setup(request, *args, **kwargs)
        if request.method == "POST" and self.action in MOVES:
            self.saving_as_draft = True

    @property
    def is_last(self) -> bool:
        return self.index == len(self.steps) - 1

    def get_panel(self) -> Panel:
        return self.wizard.step_handlers[self.step.slug]

    def get_available_actions(self) -> list[str]:
        actions = [*super().get_available_actions()]
        if not self.is_last:
            # Publishing and workflow belong to the end, whatever button a request pretends (S24).
            actions = [action for action in actions if action not in ("publish", "submit")] + ["next"]
        return actions + (["back"] if self.index else []) + ["browse"]

    def is_valid(self, form: WagtailAdminModelForm) -> bool:
        if self.action != "next" or self.expects_json_response:
            return super().is_valid(form)
        # Next asks for what this step requires; saving, going back and autosave do not.
        self.saving_as_draft = False
        try:
            return super().is_valid(form)
        finally:
            self.saving_as_draft = True

    def step_url(self, slug: str) -> str:
        return reverse(self.step_url_name, args=[quote(self.object.pk), slug])

    def get_edit_url(self) -> str:
        return self.step_url(self.step.slug)

    def get_success_url(self) -> str:
        if self.action in ("next", "back"):
            return self.step_url(self.steps[self.index + (1 if self.action == "next" else -1)].slug)
        if self.action == "browse":
            return _browsed(self.request, self.get_edit_url())
        return super().get_success_url()

    def get_success_message(self, instance: object = None) -> str | None:
        if self.action in MOVES:
            return None
        return super().get_success_message(*([instance] if instance else []))

    def get_preview_url(self) -> str | None:
        if not self.object or not self.object.pk:
            return super().get_preview_url()
        return reverse(self.wizard.get_url_name("preview_on_step"), args=[quote(self.object.pk), self.step.slug])

    # Private in Wagtail, the same in 7.4 and 8.0; a test pins it.
    def _get_action_menu(self) -> StepActionMenu:
        place = {"view": self.view_name, "index": self.index, "last": len(self.steps) - 1}
        if self.view_name == "create":
            return StepActionMenu(self.request, model=self.model, **place)
        return StepActionMenu(self.request, instance=self.object, locked_for_user=self.locked_for_user, **place)

    def get_breadcrumbs_items(self) -> list[dict]:
        *items, last = super().get_breadcrumbs_items()
        return [*items, {**last, "sublabel": self.place_in_words()}]

    def place_in_words(self) -> str:
        """For breadcrumbs, title and heading: "Step 2 of 3: Marketing products"."""
        place = {"number": self.index + 1, "total": len(self.steps), "label": self.step.label}
        return _("Step %(number)d of %(total)d: %(label)s") % place

    def get_context_data(self, **kwargs: object) -> dict:
        context = super().get_context_data(**kwargs)
        nav = StepNav(self.step_links())
        context["media"] += nav.media
        return context | {"step_nav": nav, "step_place": self.place_in_words(), "help": contact()}

    def step_links(self) -> list[StepLink]:
        saved = bool(self.object and self.object.pk)
        problems = self.problems if saved else {}
        return [
            StepLink(
                number,
                step.label,
                self.step_url(step.slug) if saved else None,
                is_current=step is self.step,
                problems=problems.get(step.slug, []),
                # The last step is done when it is published, not before.
                is_complete=saved and step.slug not in problems and (step is not self.steps[-1] or self.object.live),
            )
            for number, step in enumerate(self.steps, start=1)
        ]


class StepCreateView(StepViewMixin, CreateView):
    """The first step before there is a row. Asks for Stripe first (U1, U2)."""

    def run_before_hook(self) -> HttpResponse | None:
        return connection.refuse_unless_connected(self) or super().run_before_hook()


class StepEditView(StepViewMixin, PublishMixin, EditView):
    """One step of a membership that exists."""

    def post(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if self.action == "browse" and self.locked_for_user:
            return HttpResponseRedirect(_browsed(request, self.get_edit_url()))
        return super().post(request, *args, **kwargs)


class ResumeView(EditView):
    """The address of a membership: leads to the step where work goes on (X19)."""

    wizard = None
    steps: tuple[Step, ...] = ()
    step_url_name = ""

    def get(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        slug = self.wizard.step_to_resume(self.object)
        return HttpResponseRedirect(reverse(self.step_url_name, args=[quote(self.object.pk), slug]))

    post = get


class FullEditView(PublishMixin, EditView):
    """All steps on one page in tabs: Wagtail builds its view of an old version from this."""

    wizard = None
    steps: tuple[Step, ...] = ()
    step_url_name = ""

    def get_form_kwargs(self) -> dict:
        kwargs = super().get_form_kwargs()
        if not may_set_price(self.request.user):
            current = self.model.objects.get(pk=self.object.pk).get_latest_revision_as_object()
            keep_price(kwargs["instance"], current)
        return kwargs


class StepPreviewView(PreviewOnEditView):
    """Wagtail's preview with one step's form: the other steps come from the draft."""

    wizard = None

    def setup(self, request: HttpRequest, *args: object, **kwargs: object) -> None:
        self.handler = self.wizard.step_handlers.get(kwargs["step"])
        if self.handler is None:
            raise Http404
        # One stored form for each step: a preview of the second must not replay the first one's.
        self.parent_object_id = kwargs["step"]
        super().setup(request, *args, **kwargs)

    def get_form_class(self) -> type[WagtailAdminModelForm]:
        return self.handler.get_form_class()


class HistoryView(SnippetHistoryView):
    """Wagtail's own asks the database for users with numbers that no database holds, and breaks (S45)."""

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if any(len(user) > LONGEST_USER_ID for user in request.GET.getlist("user")):
            raise Http404
        return super().dispatch(request, *args, **kwargs)


class ConfirmCancellationView(ConfirmWorkflowCancellationView):
    """The question before publishing over a review. Wagtail's own tells every editor who reviews what."""

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if not request.user.has_perm("lms_memberships.publish_membership"):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)


def _browsed(request: HttpRequest, url: str) -> str:
    browsing = Browsing.read(request.POST).after(
        request.POST.get(BUTTON, ""), searched_before=request.POST.get("bundle_searched", "")
    )
    query = browsing.query()
    return f"{url}?{query}#bundle" if query else f"{url}#bundle"
