"""Which pages does the school have besides its courses?"""

from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalKey
from wagtail import blocks
from wagtail.admin.panels import FieldPanel, InlinePanel, MultiFieldPanel
from wagtail.fields import RichTextField, StreamField
from wagtail.images.models import Image
from wagtail.models import Orderable, Page

from ..today import now
from .offers import LiveSession

if TYPE_CHECKING:
    from django.http import HttpRequest

COVER_SPEC = "fill-640x400"
SESSIONS_ON_THE_HOME_PAGE = 3


class QuestionBlock(blocks.StructBlock):
    question = blocks.CharBlock(label=_("Question"))
    answer = blocks.RichTextBlock(label=_("Answer"), features=["bold", "italic", "link"])

    class Meta:
        icon = "help"
        label = _("Question")


class SchoolHomePage(Page):
    hero_kicker = models.CharField(_("line above the title"), max_length=120, blank=True)
    hero_title = models.CharField(_("hero title"), max_length=160)
    hero_text = models.TextField(_("hero text"))
    hero_image = models.ForeignKey(Image, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    memberships_title = models.CharField(max_length=160)
    memberships_text = models.TextField(blank=True)
    courses_title = models.CharField(max_length=160)
    courses_text = models.TextField(blank=True)
    sessions_title = models.CharField(max_length=160)
    sessions_text = models.TextField(blank=True)
    quote = models.TextField(blank=True)
    quote_by = models.CharField(max_length=160, blank=True)
    questions_title = models.CharField(max_length=160)
    questions = StreamField([("question", QuestionBlock())], blank=True)

    template = "example_site/home.html"
    subpage_types = ["example_site.SchoolCourseIndexPage", "example_site.SchoolStandardPage"]
    content_panels = [
        *Page.content_panels,
        MultiFieldPanel(
            [
                FieldPanel("hero_kicker"),
                FieldPanel("hero_title"),
                FieldPanel("hero_text"),
                FieldPanel("hero_image"),
            ],
            heading=_("Hero"),
        ),
        MultiFieldPanel(
            [FieldPanel("memberships_title"), FieldPanel("memberships_text")],
            heading=_("Memberships"),
        ),
        MultiFieldPanel([FieldPanel("courses_title"), FieldPanel("courses_text")], heading=_("Courses")),
        MultiFieldPanel([FieldPanel("sessions_title"), FieldPanel("sessions_text")], heading=_("Live sessions")),
        MultiFieldPanel([FieldPanel("quote"), FieldPanel("quote_by")], heading=_("Quote")),
        MultiFieldPanel([FieldPanel("questions_title"), FieldPanel("questions")], heading=_("Questions")),
    ]

    class Meta:
        verbose_name = _("school home page")

    def get_context(self, request: "HttpRequest", *args: object, **kwargs: object) -> dict:
        context = super().get_context(request, *args, **kwargs)
        context["course_entries"] = SchoolCourseEntry.objects.for_language_of(self)
        context["sessions"] = LiveSession.objects.not_over(now()).prefetch_related(covers_in_one_query())[
            :SESSIONS_ON_THE_HOME_PAGE
        ]
        return context


class SchoolCourseIndexPage(Page):
    intro = models.TextField(_("introduction"), blank=True)

    template = "example_site/course_index.html"
    parent_page_types = ["example_site.SchoolHomePage"]
    subpage_types = ["wagtail_lms.CoursePage"]
    content_panels = [
        *Page.content_panels,
        FieldPanel("intro"),
        InlinePanel("entries", label=_("Course"), heading=_("Courses")),
    ]

    class Meta:
        verbose_name = _("school course index page")

    def get_context(self, request: "HttpRequest", *args: object, **kwargs: object) -> dict:
        context = super().get_context(request, *args, **kwargs)
        context["course_entries"] = SchoolCourseEntry.objects.with_covers().filter(page=self)
        return context


class SchoolCourseEntryQuerySet(models.QuerySet["SchoolCourseEntry"]):
    def with_covers(self) -> "SchoolCourseEntryQuerySet":
        return (
            self.filter(course__live=True)
            .select_related("course")
            .prefetch_related(covers_in_one_query())
            .order_by("sort_order", "pk")
        )

    def for_language_of(self, page: Page) -> "SchoolCourseEntryQuerySet":
        return self.with_covers().filter(page__locale_id=page.locale_id, page__live=True)


class SchoolCourseEntry(Orderable):
    """How a course of the LMS is shown in the school's lists: its own pages have no cover."""

    page = ParentalKey(SchoolCourseIndexPage, on_delete=models.CASCADE, related_name="entries")
    course = models.ForeignKey(
        "wagtail_lms.CoursePage",
        verbose_name=_("course"),
        on_delete=models.CASCADE,
        related_name="+",
    )
    cover = models.ForeignKey(
        Image,
        verbose_name=_("cover"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    summary = models.TextField(_("summary"))
    level = models.CharField(_("level"), max_length=80)
    length = models.CharField(_("length"), max_length=80)

    objects = SchoolCourseEntryQuerySet.as_manager()

    panels = [
        FieldPanel("course"),
        FieldPanel("cover"),
        FieldPanel("summary"),
        FieldPanel("level"),
        FieldPanel("length"),
    ]

    class Meta(Orderable.Meta):
        verbose_name = _("course in the list")
        verbose_name_plural = _("courses in the list")

    def __str__(self) -> str:
        return self.summary


class SchoolStandardPage(Page):
    intro = models.TextField(_("introduction"), blank=True)
    cover = models.ForeignKey(Image, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    body = RichTextField(_("text"))

    template = "example_site/standard.html"
    parent_page_types = ["example_site.SchoolHomePage"]
    subpage_types: list[str] = []
    content_panels = [
        *Page.content_panels,
        FieldPanel("intro"),
        FieldPanel("cover"),
        FieldPanel("body"),
    ]

    class Meta:
        verbose_name = _("school page")


def covers_in_one_query() -> models.Prefetch:
    """Covers with their renditions, so that a list costs two queries and not two a row."""
    return models.Prefetch("cover", Image.objects.prefetch_renditions(COVER_SPEC))
