"""In what form are the school's texts kept, one set a language?"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Slide:
    title: str
    text: tuple[str, ...]


@dataclass(frozen=True)
class Question:
    ask: str
    answers: tuple[str, ...]
    right: int


@dataclass(frozen=True)
class Quiz:
    """What an interactive lesson says: slides to read, then questions with one right answer."""

    title: str
    slides: tuple[Slide, ...]
    questions: tuple[Question, ...]
    words: dict[str, str]


@dataclass(frozen=True)
class Lesson:
    slug: str
    title: str
    intro: str
    paragraphs: tuple[str, ...] = ()
    quiz: Quiz | None = None


@dataclass(frozen=True)
class Course:
    slug: str
    title: str
    cover: str
    summary: str
    level: str
    length: str
    description: str
    lessons: tuple[Lesson, ...]


@dataclass(frozen=True)
class StandardPage:
    slug: str
    title: str
    cover: str
    intro: str
    body: str
    in_menu: bool = True


@dataclass(frozen=True)
class SchoolWords:
    language: str
    home: dict[str, str]
    questions: tuple[tuple[str, str], ...]
    courses_title: str
    courses_slug: str
    courses_intro: str
    pages: tuple[StandardPage, ...]
    courses: tuple[Course, ...] = field(default=())
