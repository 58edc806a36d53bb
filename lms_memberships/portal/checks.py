"""Can the sites that are to show our card do so? Asked of the settings when the server starts."""

from collections.abc import Iterable

from django.core import checks

from .. import conf
from .embedding import ORIGIN


def embed_origins_are_origins() -> Iterable[checks.CheckMessage]:
    """S54: a browser that cannot read the list lets nobody show the card, or more than was meant."""
    origins = conf.EMBED_ORIGINS
    if isinstance(origins, str):
        yield checks.Error(
            "LMS_MEMBERSHIPS_EMBED_ORIGINS is one text, and has to be a list of texts.",
            hint='Write ["https://www.example.org"].',
            id="lms_memberships.E019",
        )
        return
    wrong = [str(each) for each in origins if not (isinstance(each, str) and ORIGIN.fullmatch(each))]
    if wrong:
        yield checks.Error(
            f"LMS_MEMBERSHIPS_EMBED_ORIGINS names what is no origin: {', '.join(wrong)}.",
            hint="An origin is a scheme and a host, such as https://www.example.org: no path, no slash at the end.",
            id="lms_memberships.E020",
        )
