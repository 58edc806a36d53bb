"""Which parameters the API takes for events and webhook endpoints."""

from __future__ import annotations

TABLE = """
GET /v1/events paged
    created range
    delivery_success boolean
    type text
    types[] text

GET /v1/events/{id}

POST /v1/webhook_endpoints
    api_version 2024-06-20|2025-03-31.basil|2026-10-28.endive
    connect boolean
    description text unset
    enabled_events[]! event_type
    metadata metadata unset
    url! string

POST /v1/webhook_endpoints/{webhook_endpoint}
    description text unset
    disabled boolean
    enabled_events[] event_type
    metadata metadata unset
    url string

GET /v1/webhook_endpoints paged

GET /v1/webhook_endpoints/{webhook_endpoint}

DELETE /v1/webhook_endpoints/{webhook_endpoint}
"""
