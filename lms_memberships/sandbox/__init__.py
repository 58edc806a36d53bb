"""A stand-in for Stripe: its HTTP API, hosted pages, a dashboard with a clock, and signed webhooks."""

from __future__ import annotations

from .server import Sandbox

__all__ = ["Sandbox"]
