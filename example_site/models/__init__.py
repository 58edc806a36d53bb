"""Index of the school's tables."""

from .mail import SentMail
from .offers import DigitalProduct, LiveSession
from .pages import (
    SchoolCourseEntry,
    SchoolCourseIndexPage,
    SchoolHomePage,
    SchoolStandardPage,
)

__all__ = [
    "DigitalProduct",
    "LiveSession",
    "SchoolCourseEntry",
    "SchoolCourseIndexPage",
    "SchoolHomePage",
    "SchoolStandardPage",
    "SentMail",
]
