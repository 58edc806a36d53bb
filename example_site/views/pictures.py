"""Which files of the media folder have an address? Renditions of pictures and portraits, while developing."""

import posixpath

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponseBase
from django.views.static import serve

#: Everything else in there (documents, products, SCORM and H5P packages, originals of pictures) is
#: handed out by views that ask first, or has no address at all.
PUBLIC_MEDIA = frozenset({"images", "avatar_images"})


def show(request: HttpRequest, path: str) -> HttpResponseBase:
    """By the path as the file system reads it: ``images/../documents`` is not a picture."""
    normal = posixpath.normpath(path.replace("\\", "/"))
    if normal.split("/")[0] not in PUBLIC_MEDIA:
        raise Http404
    return serve(request, normal, document_root=settings.MEDIA_ROOT)
