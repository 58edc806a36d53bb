"""Does the audit notice a vulnerability, and does it admit that it could not ask? (S55)"""

import json

from scripts.audit import verdict


def answer(*packages: dict) -> str:
    return json.dumps({"dependencies": list(packages), "fixes": []})


KNOWN = {"name": "django", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["5.2.19"]}]}
CLEAN = {"name": "wagtail", "version": "8.0.1", "vulns": []}
NOT_ASKED = {"name": "bleach", "skip_reason": "Dependency not found on PyPI and could not be audited"}


def test_a_vulnerability_is_named():
    """S55"""
    assert verdict(answer(KNOWN, CLEAN, NOT_ASKED)) == (["django 1.0: PYSEC-1, mended in 5.2.19"], 2, 3)


def test_no_answer_is_not_a_clean_answer():
    """S55: an advisory service that cannot be reached."""
    assert verdict(answer(NOT_ASKED, NOT_ASKED)) == ([], 0, 2)
    assert verdict("") == ([], 0, 0)


def test_a_clean_answer_is_one():
    """S55"""
    assert verdict(answer(CLEAN)) == ([], 1, 1)
