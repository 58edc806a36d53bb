"""What of the school can a creator put into a membership, courses apart?"""

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from wagtail.images.models import Image

from lms_memberships.bundles import BundleItemType

from .models import DigitalProduct, LiveSession


class LiveSessionType(BundleItemType):
    kind = "live_session"
    label = _("Live session")
    label_plural = _("Live sessions")
    icon = "calendar-alt"
    order = 20
    model = LiveSession

    def queryset(self) -> QuerySet:
        return LiveSession.objects.select_related("cover")

    def title(self, obj: LiveSession) -> str:
        return obj.local_title

    def description(self, obj: LiveSession) -> str:
        return _("with %(host)s") % {"host": obj.host}

    def image(self, obj: LiveSession) -> Image | None:
        return obj.cover


class DigitalProductType(BundleItemType):
    kind = "product"
    label = _("Product")
    label_plural = _("Products")
    icon = "download"
    order = 30
    model = DigitalProduct

    def queryset(self) -> QuerySet:
        return DigitalProduct.objects.select_related("cover")

    def title(self, obj: DigitalProduct) -> str:
        return obj.local_title

    def image(self, obj: DigitalProduct) -> Image | None:
        return obj.cover
