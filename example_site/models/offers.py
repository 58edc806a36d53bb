"""Which live sessions does the school hold, and which products does it hand out?"""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import models
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, FieldRowPanel, MultiFieldPanel
from wagtail.search import index


class BilingualText(models.Model):
    """Title and description in English, and in French where somebody has written them."""

    title = models.CharField(_("title"), max_length=200)
    title_fr = models.CharField(_("title in French"), max_length=200, blank=True)
    description = models.TextField(_("description"))
    description_fr = models.TextField(_("description in French"), blank=True)
    slug = models.SlugField(_("slug"), unique=True)
    cover = models.ForeignKey(
        "wagtailimages.Image",
        verbose_name=_("cover"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.title

    @property
    def local_title(self) -> str:
        return self._in_reader_language("title")

    @property
    def local_description(self) -> str:
        return self._in_reader_language("description")

    @property
    def text_language(self) -> str:
        """The language of `local_description`, for the ``lang`` attribute."""
        return "fr" if _reader_is_french() and self.description_fr else "en"

    def _in_reader_language(self, field: str) -> str:
        translated = getattr(self, f"{field}_fr") if _reader_is_french() else ""
        return translated or getattr(self, field)


class LiveSessionQuerySet(models.QuerySet["LiveSession"]):
    def not_over(self, now: datetime) -> "LiveSessionQuerySet":
        return self.filter(ends_at__gt=now).order_by("starts_at", "pk")

    def over(self, now: datetime) -> "LiveSessionQuerySet":
        return self.filter(ends_at__lte=now).order_by("-starts_at", "-pk")


class LiveSession(index.Indexed, BilingualText):
    starts_at = models.DateTimeField(_("starts at"))
    ends_at = models.DateTimeField(_("ends at"))
    join_url = models.URLField(
        _("join link"), help_text=_("Shown only to students whose membership contains the session.")
    )
    host = models.CharField(_("host"), max_length=120)

    objects = LiveSessionQuerySet.as_manager()

    panels = [
        MultiFieldPanel([FieldPanel("title"), FieldPanel("description")], heading=_("English")),
        MultiFieldPanel([FieldPanel("title_fr"), FieldPanel("description_fr")], heading=_("French")),
        FieldPanel("slug"),
        FieldPanel("host"),
        FieldRowPanel([FieldPanel("starts_at"), FieldPanel("ends_at")]),
        FieldPanel("join_url"),
        FieldPanel("cover"),
    ]
    search_fields = [
        index.SearchField("title"),
        index.AutocompleteField("title"),
        index.SearchField("host"),
    ]

    class Meta:
        verbose_name = _("live session")
        verbose_name_plural = _("live sessions")
        ordering = ["starts_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")),
                name="live_session_ends_after_it_starts",
            )
        ]

    def get_absolute_url(self) -> str:
        return reverse("live_session", args=[self.slug])

    def clean(self) -> None:
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            raise ValidationError({"ends_at": _("A session must end after it starts.")})


class DigitalProduct(index.Indexed, BilingualText):
    file = models.FileField(
        _("file"),
        upload_to="products/",
        help_text=_("Handed out only to students whose membership contains the product."),
    )

    panels = [
        MultiFieldPanel([FieldPanel("title"), FieldPanel("description")], heading=_("English")),
        MultiFieldPanel([FieldPanel("title_fr"), FieldPanel("description_fr")], heading=_("French")),
        FieldPanel("slug"),
        FieldPanel("file"),
        FieldPanel("cover"),
    ]
    search_fields = [index.SearchField("title"), index.AutocompleteField("title")]

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        ordering = ["title", "pk"]

    def get_absolute_url(self) -> str:
        return reverse("product", args=[self.slug])


def _reader_is_french() -> bool:
    return (get_language() or "").startswith("fr")
