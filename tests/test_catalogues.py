"""Is every text translated, and do the translations keep what the code puts into them?"""

import gettext
import re
import shutil
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
from babel.messages import pofile
from babel.messages.catalog import Message
from django.utils.translation import override

from lms_memberships.emails.catalogue import CATALOGUE

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("lms_memberships", "example_site")
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[sd]|</?[a-z]+[^>]*>")
#: Apps whose words stand on the same admin pages as ours.
NEIGHBOURS = ("wagtail.admin", "wagtail.snippets", "wagtail.users", "wagtail.images", "wagtail.documents", "wagtail")
#: Said by Django in many apps, each in its own way.
DJANGO = ("django", "django.contrib.admin", "django.contrib.auth")


def catalogue(package: str, language: str) -> list[Message]:
    path = ROOT / package / "locale" / language / "LC_MESSAGES" / "django.po"
    with path.open("rb") as file:
        return [message for message in pofile.read_po(file) if message.id]


def texts(message: Message) -> tuple[str, ...]:
    return message.string if isinstance(message.string, tuple) else (message.string,)


def sources(message: Message) -> tuple[str, ...]:
    return message.id if isinstance(message.id, tuple) else (message.id,)


def every_french_text() -> Iterator[tuple[Message, str, str]]:
    """Each message with its source and its translation, plural with plural."""
    for package in PACKAGES:
        for message in catalogue(package, "fr"):
            for source, text in zip(sources(message), texts(message), strict=True):
                yield message, source, text


@pytest.mark.parametrize("package", PACKAGES)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_text_is_translated_and_looked_at(package, language):
    """X26."""
    messages = catalogue(package, language)
    assert messages
    assert [message.id for message in messages if message.fuzzy or not all(texts(message))] == []


#: An amount is mostly a plural in French, "39,00 € sont": a verb in the singular needs another subject.
SINGULAR = re.compile(
    r"(?:^|[.;:!?,]\W|»\W)(?:%\((?:amount|credit|money|due|left|price)\)s)[^.;:!?%]*(?:%\(\w+\)s[^.;:!?%]*)?\b(?:est|doit|sera)\b"
)


def test_no_french_amount_is_one_thing():
    """X26: as "39,00 € vous est remboursé" was."""
    assert SINGULAR.search("%(amount)s de votre paiement pour %(title)s vous est remboursé.")
    assert [text for _message, _source, text in every_french_text() if SINGULAR.search(text)] == []


def test_both_languages_have_the_same_texts():
    """X26."""
    for package in PACKAGES:
        english, french = (
            {(message.context, message.id) for message in catalogue(package, language)} for language in ("en", "fr")
        )
        assert english == french


def test_french_keeps_each_placeholder_and_tag():
    """X26: a renamed placeholder would raise in front of a reader, or hide an amount."""
    for _message, source, text in every_french_text():
        wanted, found = sorted(PLACEHOLDER.findall(source)), sorted(PLACEHOLDER.findall(text))
        assert wanted == found, source


def test_french_keeps_its_typography():
    """X26: narrow no-break spaces, so that no line begins with a colon; one kind of apostrophe and of quotation marks."""
    for _message, _source, text in every_french_text():
        prose = PLACEHOLDER.sub("x", text)
        # Not in addresses and times of day.
        assert not re.search(r"(?<!\u202f)[:;!?»](?!//|\d)|«(?!\u202f)", prose), text
        assert not re.search(r" %|[^\s\d/]'|[“”\"]", prose), text


def test_french_keeps_the_end_of_the_sentence():
    """X26: a text that ends otherwise was cut or grew."""
    for _message, source, text in every_french_text():
        for mark in (":", "?", "…"):
            assert source.endswith(mark) == text.endswith(mark), source


def test_one_word_for_one_thing():
    """X26: what a creator sells is an « adhésion »; « abonnement » is a student's subscription, a model's name."""
    for _message, source, text in every_french_text():
        if re.search(r"\b[Mm]emberships?\b", PLACEHOLDER.sub("", source)):
            assert "adhé" in text.lower(), source
        if "abonn" in text.lower():
            assert "subscription" in source.lower(), source
        assert "étudiant" not in text, source


def test_the_add_on_changes_no_word_of_wagtail_and_django():
    """X26: all catalogues of a site are one table; a word of ours with another meaning needs a context."""
    taken = [_words_of(app) for app in (*NEIGHBOURS, *DJANGO)]
    for message in catalogue("lms_memberships", "fr"):
        if message.context or isinstance(message.id, tuple):
            continue
        theirs = {words[message.id].replace("'", "’") for words in taken if words.get(message.id)}
        assert not theirs or message.string in theirs, message.id


def _words_of(app: str) -> dict[object, str]:
    spec = find_spec(app)
    assert spec is not None, app
    folder = Path(next(iter(spec.submodule_search_locations or ())))
    locale = folder / ("conf/locale" if app == "django" else "locale")
    with (locale / "fr" / "LC_MESSAGES" / "django.mo").open("rb") as file:
        return vars(gettext.GNUTranslations(file))["_catalog"]


@pytest.mark.parametrize("kind", list(CATALOGUE))
def test_each_email_has_its_own_subject_in_each_language(kind):
    """X26, U32: English and French are not the same, and no two kinds share a subject."""
    subjects = {}
    for language in ("en", "fr"):
        with override(language):
            subjects[language] = [str(entry.subject) for entry in CATALOGUE.values()]
            assert len(set(subjects[language])) == len(CATALOGUE)
            assert str(CATALOGUE[kind].subject) in subjects[language]
    number = list(CATALOGUE).index(kind)
    assert subjects["en"][number] != subjects["fr"][number]


@pytest.mark.skipif(not shutil.which("msgfmt"), reason="gettext is not installed")
def test_a_text_that_nobody_collected_is_found(tmp_path, monkeypatch):
    """X26: `make lint` says so."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    catalogues = import_module("catalogues")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "static"))
    catalogues.update(tmp_path)
    before = catalogues.check(tmp_path)
    assert not [problem for problem in before if "up to date" in problem]

    with (tmp_path / "lms_memberships" / "errors.py").open("a", encoding="utf-8") as file:
        file.write('\nNEW = _("Zyzzyva, xylem and quartz.")\n')
    gained = set(catalogues.check(tmp_path)) - set(before)
    french = "lms_memberships/locale/fr/LC_MESSAGES/django.po"
    assert f"{french} is not up to date with the code" in gained
    assert re.search(rf"{french}: \d+ texts are untranslated", " ".join(gained))
