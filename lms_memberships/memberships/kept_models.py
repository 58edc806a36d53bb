"""What was taken out of a bundle, and who keeps it all the same? KeptItem."""

from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from datetime import datetime


class KeptItem(models.Model):
    """Taken out of a bundle for newcomers alone (G17, X6): who joined in this span goes on having it.

    One row a removal, never one a member: liveness is still asked of the subscription alone.
    """

    membership = models.ForeignKey("Membership", on_delete=models.CASCADE, related_name="kept_items")
    #: What is deleted is gone for everybody, and is not sold any more: this row must not hold it back.
    item = models.ForeignKey("Item", on_delete=models.CASCADE, related_name="kept_items")
    #: Null: from the beginning. Else it had been added for newcomers alone.
    since = models.DateTimeField(null=True)
    until = models.DateTimeField()

    class Meta:
        verbose_name = _("kept item")
        verbose_name_plural = _("kept items")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["membership", "item", "until"], name="lmsm_an_item_kept_once_a_removal"),
        ]

    def __str__(self) -> str:
        return f"{self.membership_id} kept {self.item_id} until {self.until:%Y-%m-%d}"

    def is_for(self, began_at: "datetime | None") -> bool:
        """Whether a subscription that began then keeps it."""
        if began_at is None or began_at >= self.until:
            return False
        return self.since is None or began_at >= self.since
