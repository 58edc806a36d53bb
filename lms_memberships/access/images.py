"""Who may see a picture at Wagtail's signed address? A view to mount instead of Wagtail's own (S30)."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from wagtail.images.utils import verify_signature
from wagtail.images.views.serve import ServeView

from .. import clock
from . import gate, uses
from .reasons import Reason


class ServeGatedImage(ServeView):
    """A picture that only closed pages show is served to those who may open one of them, and kept by no cache.

    It guards this address alone: a rendition under ``MEDIA_URL`` is handed out by the web server, which asks nobody.
    """

    def get(
        self, request: HttpRequest, signature: str, image_id: str, filter_spec: str, filename: str | None = None
    ) -> HttpResponseBase:
        is_signed = verify_signature(signature.encode(), image_id, filter_spec, key=self.key)
        image = self.model.objects.filter(pk=image_id).first() if is_signed else None
        if image is None:
            # Wagtail's own refusal: an address that nobody signed does not tell what is closed.
            return super().get(request, signature, image_id, filter_spec, filename)
        decision = uses.decide_file(gate.user_of(request), image, now=clock.now())  # noqa: TID251 - a gate
        if not decision.allowed:
            return gate.keep_private(HttpResponse(status=403, content_type="text/plain"))
        answer = super().get(request, signature, image_id, filter_spec, filename)
        return answer if decision.reason is Reason.NOT_SOLD else gate.keep_private(answer)
