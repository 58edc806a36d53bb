"""How is the school's H5P activity built? A content type of its own and its questions, zipped."""

import json
from dataclasses import asdict
from pathlib import Path

from .scorm import zip_texts
from .words import Quiz

SOURCES = Path(__file__).parent / "packages" / "h5p"
LIBRARY = {"machineName": "H5P.KilnCheck", "majorVersion": 1, "minorVersion": 0}
FOLDER = "H5P.KilnCheck-1.0"

LIBRARY_JSON = {
    **LIBRARY,
    "patchVersion": 0,
    "title": "Kiln check",
    "author": "Alder & Ash",
    "license": "MIT",
    "runnable": 1,
    "fullscreen": 0,
    "embedTypes": ["iframe"],
    "coreApi": {"majorVersion": 1, "minorVersion": 24},
    "preloadedJs": [{"path": "kiln-check.js"}],
    "preloadedCss": [{"path": "kiln-check.css"}],
}
TEXT_FIELD = {"type": "text"}
SEMANTICS = [
    {"name": "intro", "label": "Introduction", **TEXT_FIELD},
    {
        "name": "questions",
        "label": "Questions",
        "type": "list",
        "entity": "question",
        "field": {
            "name": "question",
            "label": "Question",
            "type": "group",
            "fields": [
                {"name": "ask", "label": "Question", **TEXT_FIELD},
                {
                    "name": "answers",
                    "label": "Answers",
                    "type": "list",
                    "entity": "answer",
                    "field": {"name": "answer", "label": "Answer", **TEXT_FIELD},
                },
                {"name": "right", "label": "Number of the right answer, from 0", "type": "number"},
            ],
        },
    },
    {
        "name": "words",
        "label": "Words of the interface",
        "type": "group",
        "common": True,
        "fields": [{"name": name, "label": name, **TEXT_FIELD} for name in ("check", "passed", "again")],
    },
]


def build_h5p(quiz: Quiz, *, language: str) -> bytes:
    """The package as one would upload it; it carries its content type with it."""
    words = {name: quiz.words[name] for name in ("check", "passed", "again")}
    content = {
        "intro": quiz.slides[0].text[0],
        "questions": [asdict(question) for question in quiz.questions],
        "words": words,
    }
    described = {
        "title": quiz.title,
        "language": language,
        "defaultLanguage": language,
        "mainLibrary": LIBRARY["machineName"],
        "embedTypes": ["iframe"],
        "license": "CC BY",
        "preloadedDependencies": [LIBRARY],
    }
    return zip_texts(
        {
            "h5p.json": _json(described),
            "content/content.json": _json(content),
            f"{FOLDER}/library.json": _json(LIBRARY_JSON),
            f"{FOLDER}/semantics.json": _json(SEMANTICS),
            f"{FOLDER}/kiln-check.js": (SOURCES / "kiln-check.js").read_text(),
            f"{FOLDER}/kiln-check.css": (SOURCES / "kiln-check.css").read_text(),
        }
    )


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1)
