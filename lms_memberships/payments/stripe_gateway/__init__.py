"""How do we talk to Stripe? The one place that imports ``stripe``; everybody else sees ``payments.gateway``."""

from .client import wrap_http_client
from .gateway import StripeGateway
from .notices import Malformed, parse_notice

__all__ = ["Malformed", "StripeGateway", "parse_notice", "wrap_http_client"]
