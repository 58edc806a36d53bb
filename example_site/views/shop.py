"""Which downloads are there, and who gets the file?"""

from pathlib import PurePosixPath

from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_cookie
from django.views.generic import DetailView

from lms_memberships.access import MembershipRequiredMixin, decide

from ..models import DigitalProduct
from ..models.pages import covers_in_one_query
from ..today import now


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    products = DigitalProduct.objects.prefetch_related(covers_in_one_query())
    return render(request, "example_site/shop_index.html", {"products": products})


# What the page shows depends on who asks: no cache may keep it.
@method_decorator([cache_control(private=True, no_store=True), vary_on_cookie], name="dispatch")
class Detail(DetailView):
    """For everybody; the file only for those who may."""

    queryset = DigitalProduct.objects.prefetch_related(covers_in_one_query())
    template_name = "example_site/product.html"
    context_object_name = "product"

    def get_context_data(self, **kwargs: object) -> dict:
        decision = decide(self.request.user, self.object, now=now())
        return super().get_context_data(decision=decision, **kwargs)


class Download(MembershipRequiredMixin, DetailView):
    """The file itself. It has no other address: the media folder is not served."""

    model = DigitalProduct

    def get(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        product = self.get_object()
        name = PurePosixPath(product.file.name).name
        return FileResponse(product.file.open("rb"), as_attachment=True, filename=name)
