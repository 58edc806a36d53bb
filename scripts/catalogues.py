"""Are all texts translated? ``update`` collects and compiles them; ``check`` says what is missing or stale.

English is a catalogue too, so that a site can be read next to its source; it is filled by gettext's own ``msgen``.
"""

import gettext
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("lms_memberships", "example_site")
PLURALS = {"en": "n != 1", "fr": "n > 1"}
LANGUAGES = tuple(PLURALS)
#: Without gettext's dates, which would make any two changes conflict.
HEADER = """msgid ""
msgstr ""
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=2; plural=({plural});\\n"
"""


def update(root: Path) -> None:
    for package in PACKAGES:
        folder = root / package
        (folder / "locale").mkdir(exist_ok=True)
        # English is made anew each time: gettext would guess from similar sentences.
        _catalogue(folder, "en").unlink(missing_ok=True)
        _collect(folder)
        for language in LANGUAGES:
            catalogue = _catalogue(folder, language)
            if language == "en":
                _run("msgen", "-o", catalogue, catalogue)
            _run("msgattrib", "--no-obsolete", "--no-wrap", "--sort-by-file", "-o", catalogue, catalogue)
            _write_header(catalogue, language)
            _run("msgfmt", "--check", "-o", catalogue.with_suffix(".mo"), catalogue)


def check(root: Path) -> list[str]:
    """Everything that is wrong, as sentences."""
    with tempfile.TemporaryDirectory() as scratch:
        fresh = Path(scratch)
        for package in PACKAGES:
            shutil.copytree(root / package, fresh / package, ignore=shutil.ignore_patterns("__pycache__"))
        update(fresh)
        return [
            problem
            for package in PACKAGES
            for language in LANGUAGES
            for problem in _problems(
                _catalogue(root / package, language), _catalogue(fresh / package, language), root=root
            )
        ]


def _problems(ours: Path, fresh: Path, *, root: Path) -> Iterator[str]:
    name = ours.relative_to(root)
    if not ours.exists():
        yield f"{name} is missing"
        return
    if _texts(ours) != _texts(fresh):
        yield f"{name} is not up to date with the code"
    if not ours.with_suffix(".mo").exists() or _compiled(ours) != _compiled(fresh):
        yield f"{name.with_suffix('.mo')} is not up to date with the code"
    for kind in ("--untranslated", "--only-fuzzy"):
        # The first is the header, which is always there with any other.
        left = len(re.findall('^msgid "', _run("msgattrib", kind, "--no-obsolete", fresh), re.MULTILINE)) - 1
        if left > 0:
            yield f"{name}: {left} texts are {kind.removeprefix('--').removeprefix('only-')}"


def _collect(folder: Path) -> None:
    languages = [argument for language in LANGUAGES for argument in ("--locale", language)]
    command = ["django-admin", "makemessages", *languages, "--no-wrap", "--no-obsolete", "--add-location", "file"]
    # The sandbox is a program of its own, in English like the service that it stands in for.
    command += ["--ignore", "sandbox/*", "--verbosity", "0"]
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    subprocess.run(command, cwd=folder, env=environment, check=True)


def _catalogue(folder: Path, language: str) -> Path:
    return folder / "locale" / language / "LC_MESSAGES" / "django.po"


def _write_header(catalogue: Path, language: str) -> None:
    _old_header, _blank, entries = catalogue.read_text(encoding="utf-8").partition("\n\n")
    header = HEADER.format(language=language, plural=PLURALS[language])
    catalogue.write_text(f"{header}\n{entries}", encoding="utf-8")


def _texts(catalogue: Path) -> list[str]:
    lines = catalogue.read_text(encoding="utf-8").splitlines()
    return sorted(line for line in lines if not line.startswith("#"))


def _compiled(catalogue: Path) -> dict[object, str]:
    with catalogue.with_suffix(".mo").open("rb") as file:
        # There is no public way to list what was compiled.
        return vars(gettext.GNUTranslations(file))["_catalog"]


def _run(*command: str | Path) -> str:
    done = subprocess.run([str(part) for part in command], check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout


def main(arguments: list[str]) -> int:
    if not shutil.which("msgfmt"):
        print("gettext is not installed (apt-get install gettext, brew install gettext).")
        return 1
    if arguments == ["update"]:
        update(ROOT)
        return 0
    if arguments == ["check"]:
        problems = check(ROOT)
        for problem in problems:
            print(problem)
        if problems:
            print("make messages collects the texts; then translate them.")
        return 1 if problems else 0
    print("Usage: catalogues.py update|check")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
