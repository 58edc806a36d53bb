"""What a fresh object looks like, every field present: event, webhook_endpoint."""

from __future__ import annotations

from ..store import Object

SHAPES: dict[str, Object] = {
    "event": {
        "api_version": None,
        "created": 0,
        "data": {"object": {}},
        "id": "",
        "livemode": False,
        "object": "event",
        "pending_webhooks": 0,
        "request": None,
        "type": "",
    },
    "webhook_endpoint": {
        "api_version": None,
        "application": None,
        "created": 0,
        "description": None,
        "enabled_events": [],
        "id": "",
        "livemode": False,
        "metadata": {},
        "object": "webhook_endpoint",
        "status": "enabled",
        "url": "",
    },
}
