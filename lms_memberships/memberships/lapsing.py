"""What becomes of a member's place when their membership ends? The creator says, per membership (V48)."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class OnLapse(models.TextChoices):
    """Progress is kept either way: enrolments are never deleted, and access alone closes."""

    REMOVE = "remove", _("Remove: their place is free for somebody else")
    KEEP = "keep", _("Requires re-subscription: their place is kept until they come back")
