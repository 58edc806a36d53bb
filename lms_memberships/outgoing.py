"""By what does the site's mail leave? Django 6.1 has ``MAILERS`` for it, and ``EMAIL_BACKEND`` no more where that is set."""

import warnings

import django
from django.conf import settings

#: What Django takes where a mailer names no backend.
SMTP = "django.core.mail.backends.smtp.EmailBackend"


def backend() -> str:
    """The dotted name of the backend, whichever of the two settings the site has."""
    mailers = getattr(settings, "MAILERS", None) if django.VERSION >= (6, 1) else None
    if mailers is not None:
        return str(mailers.get("default", {}).get("BACKEND", SMTP))
    # Django keeps what was read once in the settings object itself: only that reading warns, where it does at all.
    known = vars(settings).get("EMAIL_BACKEND")
    return str(known or _read())


def _read() -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        return settings.EMAIL_BACKEND
