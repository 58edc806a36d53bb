"""Are wagtail-lms' doors really closed? System checks that name each one that is open."""

from collections.abc import Iterator, Sequence

from django.conf import settings
from django.core import checks
from django.core.files.storage import FileSystemStorage, default_storage
from django.urls import NoReverseMatch, Resolver404, URLPattern, URLResolver, get_resolver, resolve, reverse
from django.views.static import serve as serve_anything
from wagtail_lms import conf

CHECK_LESSON_ACCESS = "lms_memberships.integrations.wagtail_lms.check_lesson_access"
OUR_URLS = "lms_memberships.integrations.wagtail_lms.urls"
THEIR_VIEWS = "wagtail_lms.views"
#: That LMS builds this address by hand, wherever it is mounted.
LAUNCH = "/lms/scorm-content/folder/index.html"


def register() -> None:
    for check in (check_urls, check_setting, check_raw_media):
        checks.register(check, checks.Tags.security)


def check_urls(app_configs: Sequence | None = None, **kwargs: object) -> list[checks.CheckMessage]:
    """Their views may not be reachable at all, and ours must be where that LMS looks for them."""
    found: list[checks.CheckMessage] = [
        checks.Error(
            f"wagtail-lms' own view answers at {address}: anybody who is signed in gets sold courses there.",
            hint=f'Replace include("wagtail_lms.urls") by include("{OUR_URLS}").',
            id="lms_memberships.E101",
        )
        for address in _addresses_of_theirs(get_resolver().url_patterns, "/")
    ]
    if not found and not _is_mounted():
        found.append(
            checks.Error(
                "The addresses of courses are not mounted at /lms/, where wagtail-lms looks for them.",
                hint=f'Add path("lms/", include("{OUR_URLS}")) to the site\'s urls.',
                id="lms_memberships.E102",
            )
        )
    return found


def check_setting(app_configs: Sequence | None = None, **kwargs: object) -> list[checks.CheckMessage]:
    """Without the setting, lessons ask for a free enrolment only."""
    if conf.WAGTAIL_LMS_CHECK_LESSON_ACCESS == CHECK_LESSON_ACCESS:
        return []
    return [
        checks.Error(
            "wagtail-lms does not ask the memberships before it opens a lesson.",
            hint=f'Set WAGTAIL_LMS_CHECK_LESSON_ACCESS = "{CHECK_LESSON_ACCESS}". '
            "A function of your own that calls it is fine: silence this check then.",
            id="lms_memberships.E103",
        )
    ]


def check_raw_media(app_configs: Sequence | None = None, **kwargs: object) -> list[checks.CheckMessage]:
    """The extracted files must have no address besides the ones that ask."""
    if _django_serves_packages():
        return [
            checks.Error(
                f"Extracted SCORM and H5P files lie open below {settings.MEDIA_URL}.",
                hint="Serve media with lms_memberships.integrations.wagtail_lms.media.serve, or name the public "
                "folders one by one. Close the same folders in the web server.",
                id="lms_memberships.E104",
            )
        ]
    if conf.WAGTAIL_LMS_REDIRECT_MEDIA and not isinstance(default_storage, FileSystemStorage):
        return [
            checks.Warning(
                "WAGTAIL_LMS_REDIRECT_MEDIA sends students to the storage's own addresses.",
                hint="Files of sold courses are not redirected; make sure that the bucket is private all the same.",
                id="lms_memberships.W105",
            )
        ]
    return []


def _addresses_of_theirs(patterns: Sequence, prefix: str) -> Iterator[str]:
    for pattern in patterns:
        address = f"{prefix}{pattern.pattern}"
        if isinstance(pattern, URLResolver):
            yield from _addresses_of_theirs(pattern.url_patterns, address)
        elif isinstance(pattern, URLPattern):
            view = getattr(pattern.callback, "view_class", pattern.callback)
            if view.__module__ == THEIR_VIEWS:
                yield address


def _is_mounted() -> bool:
    try:
        reverse("wagtail_lms:enroll_course", args=[1])
        return resolve(LAUNCH).url_name == "serve_scorm_content"
    except (NoReverseMatch, Resolver404):
        return False


def _django_serves_packages() -> bool:
    if not settings.MEDIA_URL.startswith("/"):
        return False
    folder = conf.WAGTAIL_LMS_SCORM_CONTENT_PATH.strip("/")
    try:
        match = resolve(f"{settings.MEDIA_URL.rstrip('/')}/{folder}/package_1_x/index.html")
    except Resolver404:
        return False
    return match.func is serve_anything
