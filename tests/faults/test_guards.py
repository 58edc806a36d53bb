"""Is the list of guards that ``make mutate`` takes out complete, and is each where it says?"""

from scripts import mutate

#: T19, word for word.
EIGHT = {
    "unique key",
    "lock",
    "fence",
    "outbox key",
    "livemode check",
    "account check",
    "price check",
    "no-store header",
}


def test_all_eight_guards_can_be_taken_out():
    """T19: each is there once, and taking it out changes the text."""
    assert {guard.name for guard in mutate.GUARDS} == EIGHT
    for guard in mutate.GUARDS:
        for file, old, new in guard.edits:
            text = (mutate.ROOT / file).read_text(encoding="utf-8")
            assert text.count(old) == 1, (guard.name, old)
            assert text.replace(old, new) != text
