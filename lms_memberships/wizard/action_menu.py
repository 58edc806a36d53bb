"""Which buttons stand at the foot of a step? Wagtail's own, with next and back in front, and publishing at the end."""

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from wagtail.snippets.action_menu import ActionMenuItem, SnippetActionMenu

#: Wagtail's items that belong to every step; whatever else is called ``action-…`` belongs to the last one.
ON_EVERY_STEP = {"action-save", "action-locked"}


class NextItem(ActionMenuItem):
    name = "action-next"
    label = _("Next")
    icon_name = "arrow-right"
    template_name = "lms_memberships/wizard/action_item.html"


class BackItem(ActionMenuItem):
    name = "action-back"
    label = _("Back")
    icon_name = "arrow-left"


class PublishItem(ActionMenuItem):
    """Finishes the wizard: does what the status says. Its word follows the status on the page."""

    name = "action-publish"
    label = _("Publish")
    icon_name = "upload"
    template_name = "lms_memberships/wizard/publish_item.html"


class StepActionMenu(SnippetActionMenu):
    """Wagtail's menu with its hooks, workflow and lock; only the order and the first item are ours."""

    default_item: ActionMenuItem | None
    menu_items: list[ActionMenuItem]

    def __init__(self, request: HttpRequest, *, index: int, last: int, **context: object) -> None:
        super().__init__(request, **context)
        items = [item for item in (self.default_item, *self.menu_items) if item]
        items = self._for_last_step(items) if index == last else self._for_earlier_step(items)
        if index > 0 and not self._is_locked:
            items.append(BackItem())
        self.default_item, self.menu_items = (items[0], items[1:]) if items else (None, [])

    @property
    def _is_locked(self) -> bool:
        return bool(self.context.get("locked_for_user"))

    def _for_earlier_step(self, items: list[ActionMenuItem]) -> list[ActionMenuItem]:
        kept = [item for item in items if _belongs_everywhere(item)]
        return kept if self._is_locked else [NextItem(), *kept]

    def _for_last_step(self, items: list[ActionMenuItem]) -> list[ActionMenuItem]:
        ours = [PublishItem() if item.name == "action-publish" else item for item in items]
        return sorted(ours, key=lambda item: item.name != "action-publish")


def _belongs_everywhere(item: ActionMenuItem) -> bool:
    name = item.name or ""
    return name in ON_EVERY_STEP or not name.startswith("action-")
