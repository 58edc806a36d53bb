"""Which way to Stripe is there for somebody whose word stands without it? The job carries out what Stripe cannot hear now."""

import logging

from django.http import HttpRequest

from ..asking import may_ask
from ..payments.connect import NotConnected, get_gateway
from ..payments.gateway import Gateway, GatewayFailure
from ..payments.premises import Frozen

logger = logging.getLogger(__name__)


def gateway_or_none(request: HttpRequest) -> Gateway | None:
    """None: no key, a copy of the site, a new key that Stripe could not be asked about yet, or pressed too often.

    Nobody is refused a declaration for having pressed often: it is noted, and the job carries it out.
    """
    if not may_ask(request):
        return None
    try:
        return get_gateway()
    except (NotConnected, Frozen, GatewayFailure) as no:
        logger.warning("What was declared waits for Stripe: %s", no)
        return None
