"""What is one step of the wizard, and how are all of them shown above the form?"""

from dataclasses import dataclass, field

from django.forms import Media
from django.utils.functional import Promise
from wagtail.admin.forms.models import WagtailAdminModelForm
from wagtail.admin.panels import ObjectList, Panel
from wagtail.admin.staticfiles import versioned_static
from wagtail.admin.ui.components import Component


@dataclass(frozen=True)
class Step:
    """One page of the wizard: its address, its panels, its form, and the problems that it can mend."""

    slug: str
    label: Promise | str
    icon: str
    form_class: type[WagtailAdminModelForm]
    panels: tuple[Panel, ...]
    #: Names of problems that are not fields of its form, such as the bundle.
    mends: tuple[str, ...] = ()

    def bound_to(self, model: type) -> Panel:
        """The step's edit handler."""
        handler = ObjectList(list(self.panels), heading=self.label, base_form_class=self.form_class)
        return handler.bind_to_model(model)

    def panels_for_any_form(self) -> list[Panel]:
        """Those that show columns; the others only make sense on the step's own page."""
        return [panel for panel in self.panels if not getattr(panel, "only_in_wizard", False)]


@dataclass(frozen=True)
class StepLink:
    """One entry of the navigation. ``url`` is None before the first save: there is nowhere to go yet."""

    number: int
    label: Promise | str
    url: str | None
    is_current: bool
    problems: list[str] = field(default_factory=list)
    is_complete: bool = False


class StepNav(Component):
    """Where am I, what is complete, what is not? Plain links in a list; a word beside each sign."""

    template_name = "lms_memberships/wizard/step_nav.html"

    def __init__(self, links: list[StepLink]) -> None:
        self.links = links

    def get_context_data(self, parent_context: dict | None = None) -> dict:
        return {"links": self.links, "total": len(self.links)}

    @property
    def media(self) -> Media:
        return Media(css={"all": [versioned_static("lms_memberships/wizard/wizard.css")]})
