"""How does a site serve its media in development without giving the packages away? ``serve`` instead of Django's."""

import posixpath

from django.http import Http404, HttpRequest, HttpResponseBase
from django.views.static import serve as serve_anything
from wagtail_lms import conf


def closed_folders() -> tuple[str, ...]:
    """Where packages lie, zipped and extracted. They have addresses of their own that ask first."""
    folders = (
        conf.WAGTAIL_LMS_SCORM_CONTENT_PATH,
        conf.WAGTAIL_LMS_H5P_CONTENT_PATH,
        conf.WAGTAIL_LMS_SCORM_UPLOAD_PATH,
        conf.WAGTAIL_LMS_H5P_UPLOAD_PATH,
        # That model ignores the setting.
        "scorm_packages/",
    )
    return tuple(sorted({folder.strip("/").casefold() for folder in folders}))


def is_closed(path: str) -> bool:
    """Compared as a file system that ignores case would read it."""
    normal = posixpath.normpath(path.replace("\\", "/")).lstrip("/").casefold()
    return any(normal == folder or normal.startswith(f"{folder}/") for folder in closed_folders())


def serve(request: HttpRequest, path: str, document_root: str) -> HttpResponseBase:
    """Django's file server, without the folders of packages. Behind a web server, close the same folders there."""
    if is_closed(path):
        raise Http404
    return serve_anything(request, path, document_root=document_root)
