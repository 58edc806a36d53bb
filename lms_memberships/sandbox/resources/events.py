"""Events, and the webhook endpoints that hear of them."""

from __future__ import annotations

import secrets
from fnmatch import fnmatchcase

from ..errors import invalid
from ..fields import copy, merge_metadata
from ..paging import Listing, matching, within
from ..rendering import render
from ..store import Object
from ..work import Work

READABLE_FOR = 30 * 24 * 3600
MOST_TYPES = 20


def retrieve(unit: Work, event_id: str, params: Object) -> Object:
    return unit.get("event", event_id)


def list_all(unit: Work, params: Object) -> Listing:
    if "type" in params and "types" in params:
        raise invalid("You may only specify one of `type` or `types`.", "types")
    patterns = params.get("types") or [params.get("type", "*")]
    if len(patterns) > MOST_TYPES:
        raise invalid(f"You may only specify up to {MOST_TYPES} types.", "types")
    wild = [each for each in patterns if "*" in each]
    return unit.listing(
        "event",
        lambda each: (
            (each["type"] in patterns or any(fnmatchcase(each["type"], pattern) for pattern in wild))
            and each["created"] > unit.now - READABLE_FOR
            and within(params.get("created"), each["created"])
            and _was_delivered(unit, each, asked=params.get("delivery_success"))
        ),
    )


def _was_delivered(unit: Work, event: Object, *, asked: bool | None) -> bool:
    """False: an endpoint is still owed it, or has never taken it."""
    if asked is None:
        return True
    return unit.sandbox.deliveries.was_delivered(event["id"]) == asked


# ------------------------------------------------------------------ webhook endpoints
def create_endpoint(unit: Work, params: Object) -> Object:
    _check_url(params["url"])
    if not params["enabled_events"]:
        raise invalid("You must give at least one event type.", "enabled_events")
    endpoint = unit.new("webhook_endpoint", "we_", url=params["url"], enabled_events=params["enabled_events"])
    endpoint |= {
        "api_version": params.get("api_version"),
        "_secret": f"whsec_{secrets.token_urlsafe(24)}",
        "_connect": params.get("connect", False),
    }
    copy(params, endpoint, ("description",))
    merge_metadata(params, endpoint)
    # Shown this once and never again.
    return render(endpoint) | {"secret": endpoint["_secret"]}


def update_endpoint(unit: Work, endpoint_id: str, params: Object) -> Object:
    endpoint = unit.get("webhook_endpoint", endpoint_id)
    if "url" in params:
        _check_url(params["url"])
    copy(params, endpoint, ("description", "enabled_events", "url"))
    if "disabled" in params:
        endpoint["status"] = "disabled" if params["disabled"] else "enabled"
    merge_metadata(params, endpoint)
    return endpoint


def retrieve_endpoint(unit: Work, endpoint_id: str, params: Object) -> Object:
    return unit.get("webhook_endpoint", endpoint_id)


def list_endpoints(unit: Work, params: Object) -> Listing:
    return unit.listing("webhook_endpoint", lambda each: matching(params, status=each["status"]))


def delete_endpoint(unit: Work, endpoint_id: str, params: Object) -> Object:
    unit.forget(unit.get("webhook_endpoint", endpoint_id))
    return {"id": endpoint_id, "object": "webhook_endpoint", "deleted": True}


def _check_url(url: str) -> None:
    if not url.startswith(("http://", "https://")):
        raise invalid("Invalid URL: An explicit scheme (such as https) must be provided.", "url", code="url_invalid")
