"""What does the school add to the Wagtail admin, and what may be bundled?"""

from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.snippets.models import register_snippet
from wagtail.snippets.views.snippets import SnippetViewSet, SnippetViewSetGroup

from lms_memberships.bundles import BundleItemType

from .bundle_items import DigitalProductType, LiveSessionType
from .models import DigitalProduct, LiveSession


class LiveSessionViewSet(SnippetViewSet):
    model = LiveSession
    icon = "calendar-alt"
    list_display = ["title", "host", "starts_at"]


class DigitalProductViewSet(SnippetViewSet):
    model = DigitalProduct
    icon = "download"
    list_display = ["title", "file"]


class SchoolViewSetGroup(SnippetViewSetGroup):
    items = (LiveSessionViewSet, DigitalProductViewSet)
    menu_label = _("School")
    menu_icon = "calendar-alt"
    menu_order = 250


register_snippet(SchoolViewSetGroup)


@hooks.register("register_bundle_item_types")
def school_items() -> list[type[BundleItemType]]:
    return [LiveSessionType, DigitalProductType]
