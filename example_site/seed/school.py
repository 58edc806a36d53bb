"""In which order is the school made? Pictures, pages in both languages, sessions, products, people."""

from datetime import datetime

from django.db import transaction
from wagtail.models import Locale, Site

from ..models import SchoolHomePage
from .offers import make_products, make_sessions
from .people import make_people
from .pictures import PICTURES
from .tree import Language, clear_welcome_page, make_pictures, make_site, plant
from .words_en import ENGLISH
from .words_fr import FRENCH

# Pictures are ornaments here: the titles are for those who look for them in the admin.
PICTURE_TITLES = {
    "shelf": "Five pots on a shelf in the morning",
    "wheel": "A bowl on the wheel",
    "glaze": "Eight glaze tiles",
    "kiln": "Three cones behind a spyhole",
    "firing": "A vase in the fire",
    "table": "A bowl and two cups",
    "recipes": "A page of the glaze book",
    "poster": "Six silhouettes",
    "studio": "The bench in the old dairy",
}


def seed_school(*, now: datetime) -> bool:
    """Everything but memberships; once. Says whether there was something to do."""
    if SchoolHomePage.objects.exists():
        return False
    drawn = {name: draw().png() for name, draw in PICTURES.items()}
    with transaction.atomic():
        pictures = make_pictures(drawn, PICTURE_TITLES)
        english, _made = Locale.objects.get_or_create(language_code="en")
        french, _made = Locale.objects.get_or_create(language_code="fr")
        clear_welcome_page()
        home = plant(Language(english, ENGLISH, pictures))
        make_site(home)
        plant(Language(french, FRENCH, pictures), original=home)
        make_sessions(pictures, now=now)
        make_products(pictures, poster=drawn["poster"])
        make_people()
    return True


def serve_at(*, hostname: str, port: int) -> None:
    """The address at which the school is found; it may be another port than last time."""
    site = Site.objects.get(is_default_site=True)
    site.hostname, site.port = hostname, port
    site.save()
