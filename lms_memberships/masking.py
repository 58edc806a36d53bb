"""What may never be read in a log? Keys, secrets, addresses of payment pages, and who somebody is (S41, S42)."""

import hashlib
import logging
import re
from collections.abc import Callable

#: Whose lines are masked: ours, those of Stripe's client, and of what it sends with.
LOGGERS = frozenset({"lms_memberships", "stripe", "urllib3"})

_KEY = re.compile(r"\b([srp]k_(?:live|test)_|whsec_)[A-Za-z0-9_+/=-]+")
#: Whoever has such an address sees a bill or pays it.
_PAGE = re.compile(
    r"https?://(?:checkout|billing|invoice|pay)\.stripe\.com/[^\s\"'<>\\]+"
    r"|https?://[^\s\"'<>\\]+?/(?:c/pay|p/session)/[^\s\"'<>\\]+"
)
_EMAIL = re.compile(r"[\w.+-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+", re.IGNORECASE)
#: What stripe's client writes at DEBUG: whole requests and answers, with names and addresses in them.
_BODY = re.compile(r"\b(post_data|body)=.*", re.DOTALL)


class Secret(str):
    """A text that an error page or a debugger does not show: its ``repr`` says nothing."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'********'" if self else "''"


def mask(text: str) -> str:
    """The same text without keys, payment pages and e-mail addresses; equal addresses stay equal."""
    text = _KEY.sub(r"\1********", text)
    text = _PAGE.sub("[payment page]", text)
    return _EMAIL.sub(_hashed, text)


def connect() -> None:
    """From now on every line of those loggers is masked as it is made, whatever handler it goes to.

    A filter would not do: one on a logger does not see what the loggers below it say.
    """
    make = logging.getLogRecordFactory()
    if isinstance(make, _Masking):
        return
    logging.setLogRecordFactory(_Masking(make))


class _Masking:
    """The factory that was there before, and a look at what it made."""

    def __init__(self, make: Callable[..., logging.LogRecord]) -> None:
        self.make = make

    def __call__(self, *args: object, **kwargs: object) -> logging.LogRecord:
        record = self.make(*args, **kwargs)
        if (record.name or "").partition(".")[0] in LOGGERS:
            _mask_record(record)
        return record


def _mask_record(record: logging.LogRecord) -> None:
    try:
        text = record.getMessage()
    except (TypeError, ValueError):
        # Placeholders and arguments do not fit: logging says so itself.
        return
    masked = mask(_BODY.sub(r"\1=[left out]", text) if record.name == "stripe" else text)
    if masked != text:
        record.msg, record.args = masked, ()
    if record.exc_info and record.exc_info[0] is not None:
        trace = logging.Formatter().formatException(record.exc_info)
        masked = mask(trace)
        if masked != trace:
            # A formatter takes this text where there is one.
            record.exc_text = masked


def _hashed(found: "re.Match[str]") -> str:
    plain = found[0].lower().replace("%40", "@")
    return f"[e-mail {hashlib.sha256(plain.encode()).hexdigest()[:12]}]"
