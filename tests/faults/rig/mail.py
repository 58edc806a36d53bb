"""How does the site hand its mails to the rig's e-mail service? As with any service that anymail knows, over HTTP."""

import json

from anymail.backends.base_requests import AnymailRequestsBackend, RequestsPayload
from anymail.message import AnymailRecipientStatus
from anymail.utils import get_anymail_setting


class RigBackend(AnymailRequestsBackend):
    """The least that anymail asks of a service."""

    esp_name = "Rig"

    def __init__(self, **kwargs: object) -> None:
        super().__init__(get_anymail_setting("api_url", esp_name=self.esp_name, kwargs=kwargs), **kwargs)

    def build_message_payload(self, message, defaults) -> "RigPayload":
        return RigPayload(message, defaults, self)

    def parse_recipient_status(self, response, payload, message) -> dict[str, AnymailRecipientStatus]:
        answer = self.deserialize_json_response(response, payload, message)
        status = AnymailRecipientStatus(message_id=answer["id"], status="queued")
        return {address.addr_spec: status for address in payload.recipients}


class RigPayload(RequestsPayload):
    def init_payload(self) -> None:
        self.mail: dict[str, object] = {}
        self.recipients: list = []
        self.headers = {"Content-Type": "application/json"}

    def serialize_data(self) -> str:
        return json.dumps(self.mail)

    def set_from_email(self, email) -> None:
        self.mail["from"] = email.address

    def set_recipients(self, recipient_type, emails) -> None:
        self.recipients += emails
        self.mail[recipient_type] = [each.addr_spec for each in emails]

    def set_subject(self, subject) -> None:
        self.mail["subject"] = subject

    def set_reply_to(self, emails) -> None:
        self.mail["reply_to"] = [each.address for each in emails]

    def set_extra_headers(self, headers) -> None:
        self.mail["headers"] = dict(headers)

    def set_text_body(self, body) -> None:
        self.mail["text"] = body

    def set_html_body(self, body) -> None:
        self.mail["html"] = body

    def add_alternative(self, content, mimetype) -> None:
        self.mail.setdefault("parts", []).append(mimetype)

    def add_attachment(self, attachment) -> None:
        self.mail.setdefault("attachments", []).append(attachment.name)

    def set_metadata(self, metadata) -> None:
        self.mail["metadata"] = metadata

    def set_tags(self, tags) -> None:
        self.mail["tags"] = tags
