"""Which live sessions and products does the school start with?"""

import csv
import io
from datetime import datetime, time, timedelta
from typing import TypedDict

from django.core.files.base import ContentFile
from django.utils import timezone
from PIL import Image as Drawing

from ..models import DigitalProduct, LiveSession
from .tree import Pictures


class SessionWords(TypedDict):
    slug: str
    title: str
    title_fr: str
    description: str
    description_fr: str
    host: str
    cover: str
    days_ahead: int


SESSIONS: tuple[SessionWords, ...] = (
    {
        "slug": "opening-the-kiln",
        "title": "Opening the kiln",
        "title_fr": "Ouverture du four",
        "description": "We unbrick the door of the November firing with the camera running. You see "
        "what came out before we do, and we say what went wrong while it is still warm. Bring "
        "questions about your own firings.",
        "description_fr": "Nous démontons la porte de la cuisson de novembre, caméra allumée. Vous "
        "voyez ce qui en sort avant nous, et nous disons ce qui a raté tant que c’est chaud. "
        "Apportez vos questions sur vos propres cuissons.",
        "host": "Tom Adeyemi",
        "cover": "firing",
        "days_ahead": 17,
    },
    {
        "slug": "bring-your-collapsed-pot",
        "title": "Bring your collapsed pot",
        "title_fr": "Apportez le pot qui s’est effondré",
        "description": "Film two minutes of your hands, send it by the day before, and come. Inès "
        "takes one film after the other and finds the moment when it went. Twelve places, two hours, "
        "no shame.",
        "description_fr": "Filmez vos mains deux minutes, envoyez le film la veille, et venez. Inès "
        "prend un film après l’autre et trouve l’instant où cela a lâché. Douze places, deux heures, "
        "aucune honte.",
        "host": "Inès Faure",
        "cover": "table",
        "days_ahead": 48,
    },
)

STARTS = time(18, 0)
LENGTH = timedelta(minutes=90)

# Parts by weight; the numbers are the classic 4-3-2-1 stoneware base and its children.
RECIPES = (
    ("name", "cone", "potash feldspar", "silica", "whiting", "kaolin", "wood ash", "red iron oxide"),
    ("Four-three-two-one, clear", 10, 40, 30, 20, 10, 0, 0),
    ("Lake (celadon, reduction)", 10, 40, 30, 20, 10, 0, 1),
    ("Hare (tenmoku)", 10, 40, 30, 20, 10, 0, 8),
    ("Alder ash", 10, 40, 0, 0, 20, 40, 0),
)


def make_sessions(pictures: Pictures, *, now: datetime) -> None:
    today = timezone.localdate(now)
    for words in SESSIONS:
        starts_at = timezone.make_aware(datetime.combine(today + timedelta(days=words["days_ahead"]), STARTS))
        LiveSession.objects.create(
            slug=words["slug"],
            title=words["title"],
            title_fr=words["title_fr"],
            description=words["description"],
            description_fr=words["description_fr"],
            host=words["host"],
            cover=pictures[words["cover"]],
            starts_at=starts_at,
            ends_at=starts_at + LENGTH,
            join_url=f"https://meet.alder-ash.example/{words['slug']}",
        )


def make_products(pictures: Pictures, *, poster: bytes) -> None:
    DigitalProduct.objects.create(
        slug="glaze-book",
        title="The glaze book",
        title_fr="Le cahier d’émaux",
        description="Our four working recipes for cone 10 as a table that opens in any "
        "spreadsheet, with room for yours. Test them on your clay before you trust them.",
        description_fr="Nos quatre recettes de travail pour la montre 10, en un tableau qui s’ouvre "
        "partout, avec de la place pour les vôtres. Essayez-les sur votre terre avant de vous y fier.",
        cover=pictures["recipes"],
        file=ContentFile(_recipe_table(), name="alder-ash-glaze-book.csv"),
    )
    DigitalProduct.objects.create(
        slug="six-silhouettes",
        title="Six silhouettes, a poster",
        title_fr="Six silhouettes, une affiche",
        description="Six profiles worth throwing twenty times each, as a PDF to print and pin "
        "above the wheel. A3 is a good size.",
        description_fr="Six profils qui valent d’être tournés vingt fois chacun, en PDF à imprimer et "
        "à épingler au-dessus du tour. En A3, c’est bien.",
        cover=pictures["poster"],
        file=ContentFile(_as_pdf(poster), name="alder-ash-six-silhouettes.pdf"),
    )


def _recipe_table() -> bytes:
    table = io.StringIO()
    csv.writer(table).writerows(RECIPES)
    # With a byte order mark spreadsheets read it as UTF-8.
    return table.getvalue().encode("utf-8-sig")


def _as_pdf(png: bytes) -> bytes:
    pdf = io.BytesIO()
    Drawing.open(io.BytesIO(png)).convert("RGB").save(pdf, "PDF", resolution=110)
    return pdf.getvalue()
