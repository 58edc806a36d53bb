"""Which marks stand between two texts that code puts together? Those of the reader's language, with its spaces.

In French a narrow no-break space stands before a colon and a semicolon, and quotation marks are « others ». Templates
write ``{% colon %}``.
"""

from django.utils.translation import pgettext


def colon() -> str:
    return pgettext("between two texts", ": ")


def semicolon() -> str:
    return pgettext("between two texts", "; ")


def labelled(what: object, text: object) -> str:
    """``what``, and what is said of it."""
    return f"{what}{colon()}{text}"


def quoted(text: object) -> str:
    return pgettext("quotation marks", "“%(text)s”") % {"text": text}
