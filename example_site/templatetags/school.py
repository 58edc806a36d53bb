"""What do the school's templates ask for: the menu, the other language, the picture of a course?"""

from dataclasses import dataclass

from django import template
from django.conf import settings
from django.urls import reverse
from django.utils import translation
from wagtail.models import AbstractPage, Page
from wagtail_lms.models import CoursePage

from ..models import SchoolCourseEntry

register = template.Library()

WAGTAIL_VIEW = "wagtail_serve"
MENU_DEPTH = 3


@dataclass(frozen=True)
class Language:
    code: str
    name: str
    url: str
    is_current: bool


@register.simple_tag(takes_context=True)
def languages(context: template.Context) -> list[Language]:
    """Every language of the site; with this page's address in it, where it is a page.

    An empty address: what is shown has one address in all languages, and the visitor chooses.
    """
    current = translation.get_language()
    translated = _translated_addresses(context)
    return [
        Language(
            code=code,
            name=translation.get_language_info(code)["name_local"].capitalize(),
            url=translated.get(code, ""),
            is_current=code == current,
        )
        for code, _name in settings.LANGUAGES
    ]


@register.simple_tag
def school_menu() -> list[Page]:
    """The pages that an editor put into the menu, in the reader's language."""
    return list(
        Page.objects.live()
        .in_menu()
        .filter(depth=MENU_DEPTH, locale__language_code=translation.get_language())
        .select_related("locale")
        .order_by("path")
    )


@register.simple_tag
def small_print() -> list[Page]:
    """The pages that stand at the foot only."""
    return list(
        Page.objects.live()
        .filter(
            depth=MENU_DEPTH,
            show_in_menus=False,
            locale__language_code=translation.get_language(),
        )
        .select_related("locale")
        .order_by("path")
    )


@register.simple_tag
def course_entry(course: CoursePage) -> SchoolCourseEntry | None:
    """How the school's list shows a course of the LMS."""
    return SchoolCourseEntry.objects.with_covers().filter(course_id=course.pk).first()


@register.simple_tag
def home_address() -> str:
    return _home(translation.get_language() or settings.LANGUAGE_CODE)


def _translated_addresses(context: template.Context) -> dict[str, str]:
    page = context.get("page")
    if not isinstance(page, AbstractPage) or not page.pk:
        return {}
    # A page without a counterpart still leads to the other language's home.
    homes = {code: _home(code) for code, _name in settings.LANGUAGES}
    request = context.get("request")
    pages = page.get_translations(inclusive=True).live().select_related("locale")
    return homes | {
        other.locale.language_code: other.get_url(request) or _home(other.locale.language_code) for other in pages
    }


def _home(code: str) -> str:
    with translation.override(code):
        return reverse(WAGTAIL_VIEW, args=[""])
