"""Is it Stripe who calls, and is it noted down? Verify, insert, answer; nothing else happens in the request (A6)."""

import logging

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.db import router, transaction
from django.db.models.constants import OnConflict
from django.db.models.sql import InsertQuery
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from .. import clock, conf, killpoints
from ..payments import connect
from ..payments.gateway import BadSignature, Notice
from ..payments.models import WebhookEvent
from ..payments.stripe_gateway.gateway import livemode_of
from ..payments.stripe_gateway.notices import parse_notice
from . import refusals, seen
from .handlers import HANDLERS
from .waking import wake_worker

logger = logging.getLogger(__name__)


class TooLarge(Exception):
    """A body that no event of Stripe's has."""


@csrf_exempt
@login_not_required
@require_POST
# The event must be committed when the answer goes out, whatever the site wraps around its requests (A5, A14).
@transaction.non_atomic_requests
def receive(request: HttpRequest) -> HttpResponse:
    """413: too large. 400: not proven to be Stripe's. 200: noted, known already, or not for us."""
    try:
        payload = _body(request)
        signature = request.headers.get("Stripe-Signature", "")
        refusals.spare_hashing(request, signature)
        notice = parse_notice(payload, signature, secrets=conf.STRIPE_WEBHOOK_SECRETS or ())
    except TooLarge:
        return refusals.quietly(413)
    except BadSignature as problem:
        return refusals.refuse(request, problem)
    killpoints.reach("intake.verified")
    seen.note_call(notice)
    if _is_for_us(notice):
        _note(notice)
    killpoints.reach("intake.answered")
    return HttpResponse(status=200)


def _body(request: HttpRequest) -> bytes:
    # Before reading: whoever sends gigabytes must not cost us the memory or the hashing (A15).
    announced = request.META.get("CONTENT_LENGTH") or "0"
    if not announced.isdecimal() or int(announced) > conf.WEBHOOK_MAX_BYTES:
        raise TooLarge
    try:
        body = request.body
    except RequestDataTooBig:
        # The site's own DATA_UPLOAD_MAX_MEMORY_SIZE may be lower than our limit.
        raise TooLarge from None
    if len(body) > conf.WEBHOOK_MAX_BYTES:
        raise TooLarge
    return body


def _is_for_us(notice: Notice) -> bool:
    """Unknown types, the other mode and other accounts are answered 200, or Stripe would try for three days."""
    if notice.livemode != livemode_of(connect.configured_key()):
        seen.note_stranger(seen.OTHER_MODE, notice)
        return False
    if notice.type not in HANDLERS:
        logger.debug("Webhook %s ignored: %s is nothing that we follow", notice.id, notice.type)
        return False
    if notice.account_id and not _is_connected(notice.account_id):
        seen.note_stranger(seen.OTHER_ACCOUNT, notice)
        return False
    return True


def _is_connected(account_id: str) -> bool:
    # Only calls for connected accounts name one; the usual call costs no query here.
    connection = connect.current()
    return connection is not None and connection.account_id == account_id


def _note(notice: Notice) -> None:
    """One INSERT … ON CONFLICT DO NOTHING, committed; a duplicate changes nothing (A1)."""
    now = clock.wall_time()
    event = WebhookEvent(
        account=notice.account_id,
        livemode=notice.livemode,
        event_id=notice.id,
        type=notice.type,
        object_id=notice.object_id,
        subscription_id=notice.subscription_id,
        created_at=notice.created_at,
        received_at=now,
        next_try_at=now,
    )
    _insert(event)
    killpoints.reach("intake.noted")
    # Robust: a broken queue is logged and the event stays due; it must not make Stripe send it again.
    transaction.on_commit(wake_worker, robust=True)


def _insert(event: WebhookEvent) -> None:
    # What bulk_create(ignore_conflicts=True) sends, without the BEGIN and COMMIT around it: one statement is committed
    # by itself, and a burst of events is taken in a third faster.
    query = InsertQuery(WebhookEvent, on_conflict=OnConflict.IGNORE)
    query.insert_values([field for field in WebhookEvent._meta.concrete_fields if not field.primary_key], [event])
    query.get_compiler(using=router.db_for_write(WebhookEvent)).execute_sql()
