"""Where in the admin's menu? Under "Marketing": ours, or the one that the site already has (U7, U8)."""

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from wagtail.admin.menu import Menu, MenuItem, SubmenuMenuItem

#: The name under which a site's own menu is recognised.
NAME = "marketing"
#: Other apps may add to the menu through this hook.
HOOK = "register_marketing_menu_item"


class MarketingMenuItem(SubmenuMenuItem):
    """Ours, for sites that have none."""

    def __init__(self) -> None:
        super().__init__(_("Marketing"), Menu(register_hook_name=HOOK), name=NAME, icon_name="group", order=350)


def join_the_sites_own(request: HttpRequest, items: list[MenuItem]) -> None:
    """Move our entries into a menu of the same name, and leave only that one."""
    ours = next((item for item in items if isinstance(item, MarketingMenuItem)), None)
    theirs = next(
        (
            item
            for item in items
            if isinstance(item, SubmenuMenuItem) and item.name == NAME and not isinstance(item, MarketingMenuItem)
        ),
        None,
    )
    if ours is None or theirs is None:
        return
    present = theirs.menu.registered_menu_items
    present.extend(item for item in ours.menu.registered_menu_items if item not in present)
    items.remove(ours)
