"""How does the page tree grow, one language after the other?"""

import json
from dataclasses import dataclass

from django.core.files.base import ContentFile
from wagtail.images.models import Image
from wagtail.models import Locale, Page, Site
from wagtail_lms.models import (
    CoursePage,
    H5PActivity,
    H5PLessonPage,
    SCORMLessonPage,
    SCORMPackage,
)

from ..models import (
    SchoolCourseEntry,
    SchoolCourseIndexPage,
    SchoolHomePage,
    SchoolStandardPage,
)
from .h5p import build_h5p
from .scorm import build_scorm
from .words import Course, Lesson, SchoolWords

Pictures = dict[str, Image]
# In which lesson type of the LMS an interactive lesson becomes which package.
SCORM_COURSE = "glaze"


@dataclass(frozen=True)
class Language:
    """Where a language's pages go, and which pages they translate, in the order of making."""

    locale: Locale
    words: SchoolWords
    pictures: Pictures


def plant(language: Language, *, original: SchoolHomePage | None = None) -> SchoolHomePage:
    """The pages of one language, under the root; with ``original`` they are its translations."""
    words = language.words
    home = SchoolHomePage(
        **words.home,
        slug="home" if original is None else f"home-{words.language}",
        locale=language.locale,
        hero_image=language.pictures["shelf"],
        questions=json.dumps(
            [
                {"type": "question", "value": {"question": question, "answer": answer}}
                for question, answer in words.questions
            ]
        ),
    )
    _add(Page.get_first_root_node(), home, translates=original)
    _plant_courses(language, home, original)
    for number, page in enumerate(words.pages):
        standard = SchoolStandardPage(
            title=page.title,
            slug=page.slug,
            intro=page.intro,
            body=page.body,
            cover=language.pictures.get(page.cover),
            show_in_menus=page.in_menu,
            locale=language.locale,
        )
        _add(home, standard, translates=_nth_child(original, SchoolStandardPage, number))
    return home


def clear_welcome_page() -> None:
    """Wagtail's own first page goes: it holds the slug that our home takes."""
    Page.objects.filter(depth=2, content_type__model="page").delete()


def make_site(home: SchoolHomePage) -> None:
    Site.objects.update_or_create(
        is_default_site=True,
        defaults={"hostname": "localhost", "root_page": home, "site_name": "Alder & Ash"},
    )


def make_pictures(drawn: dict[str, bytes], titles: dict[str, str]) -> Pictures:
    pictures = {}
    for name, png in drawn.items():
        image = Image(title=titles[name], file=ContentFile(png, name=f"{name}.png"))
        image.save()
        pictures[name] = image
    return pictures


def _plant_courses(language: Language, home: SchoolHomePage, original: SchoolHomePage | None) -> None:
    words = language.words
    index = SchoolCourseIndexPage(
        title=words.courses_title,
        slug=words.courses_slug,
        intro=words.courses_intro,
        show_in_menus=True,
        locale=language.locale,
    )
    original_index = _nth_child(original, SchoolCourseIndexPage, 0)
    _add(home, index, translates=original_index)
    for number, course in enumerate(words.courses):
        page = CoursePage(
            title=course.title,
            slug=course.slug,
            search_description=course.summary,
            description=course.description,
            locale=language.locale,
        )
        _add(index, page, translates=_nth_child(original_index, CoursePage, number))
        for lesson in course.lessons:
            _add(page, _lesson_page(lesson, course, language))
        SchoolCourseEntry.objects.create(
            page=index,
            course=page,
            cover=language.pictures[course.cover],
            summary=course.summary,
            level=course.level,
            length=course.length,
            sort_order=number,
        )
    # The entries were written beside the revision: the next edit in the admin must show them.
    SchoolCourseIndexPage.objects.get(pk=index.pk).save_revision().publish()


def _lesson_page(lesson: Lesson, course: Course, language: Language) -> Page:
    common = {"title": lesson.title, "slug": lesson.slug, "intro": lesson.intro}
    if lesson.quiz and course.cover == SCORM_COURSE:
        return SCORMLessonPage(
            **common,
            scorm_package=_scorm_package(lesson, language.words.language),
            locale=language.locale,
        )
    body = [{"type": "paragraph", "value": paragraph} for paragraph in lesson.paragraphs]
    if lesson.quiz:
        activity = _h5p_activity(lesson, language.words.language)
        body.append({"type": "h5p_activity", "value": {"activity": activity.pk}})
    # The LMS has no lesson type of text alone: a lesson page without activities is one, and
    # it leaves such pages out when it asks whether a course is complete.
    return H5PLessonPage(**common, body=json.dumps(body), locale=language.locale)


def _scorm_package(lesson: Lesson, language: str) -> SCORMPackage:
    assert lesson.quiz is not None  # noqa: S101 - only called for lessons that have one
    content = build_scorm(lesson.quiz, slug=lesson.slug, language=language)
    package = SCORMPackage(title=lesson.quiz.title, package_file=ContentFile(content, name=f"{lesson.slug}.zip"))
    package.save()
    return package


def _h5p_activity(lesson: Lesson, language: str) -> H5PActivity:
    assert lesson.quiz is not None  # noqa: S101 - only called for lessons that have one
    content = build_h5p(lesson.quiz, language=language)
    activity = H5PActivity(title=lesson.quiz.title, package_file=ContentFile(content, name=f"{lesson.slug}.h5p"))
    activity.save()
    return activity


def _nth_child(parent: Page | None, model: type[Page], number: int) -> Page | None:
    if parent is None:
        return None
    return model.objects.child_of(parent).order_by("path")[number]


def _add(parent: Page, page: Page, *, translates: Page | None = None) -> None:
    if translates is not None:
        page.translation_key = translates.translation_key
    parent.add_child(instance=page)
    page.save_revision().publish()
