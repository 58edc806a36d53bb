"""Which parameters the API takes for tax."""

from __future__ import annotations

TABLE = """
GET /v1/tax/settings

GET /v1/tax/registrations paged
    status active|all|expired|scheduled
"""
