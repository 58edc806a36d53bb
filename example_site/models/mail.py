"""Which e-mails has the demo sent?"""

from django.db import models
from django.utils.translation import gettext_lazy as _


class SentMail(models.Model):
    """One message as the mail server would have got it; written by the demo's e-mail backend."""

    sent_at = models.DateTimeField(_("sent at"), db_index=True)
    sender = models.CharField(_("from"), max_length=320)
    recipients = models.TextField(_("to"))
    subject = models.CharField(_("subject"), max_length=998)
    headers = models.JSONField(_("headers"), default=dict)
    text = models.TextField(_("text part"), blank=True)
    html = models.TextField(_("HTML part"), blank=True)

    class Meta:
        verbose_name = _("sent mail")
        verbose_name_plural = _("sent mails")
        ordering = ["-sent_at", "-pk"]

    def __str__(self) -> str:
        return self.subject
