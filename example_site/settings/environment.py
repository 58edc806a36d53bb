"""How do the add-on's settings reach the example site? From the environment, each under its full name."""

import os

from lms_memberships.conf import PREFIX, SETTINGS


def _convert(text: str, default: object) -> object:
    if isinstance(default, bool):
        return text.lower() in {"1", "true", "yes", "on"}
    if isinstance(default, int):
        return int(text)
    if isinstance(default, list | tuple):
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def memberships_settings() -> dict[str, object]:
    """Every ``LMS_MEMBERSHIPS_…`` variable that is set, converted to its setting's type."""
    names = {PREFIX + name: setting.default for name, setting in SETTINGS.items()}
    return {name: _convert(os.environ[name], default) for name, default in names.items() if name in os.environ}
