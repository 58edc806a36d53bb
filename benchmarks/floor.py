"""What is the least that a webhook view can do? Decode, one bare INSERT, answer. No signature is checked."""

import json

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

TABLE = (
    "CREATE TABLE floor_event (id text PRIMARY KEY, type text NOT NULL, received timestamptz NOT NULL DEFAULT now())"
)
INSERT = "INSERT INTO floor_event (id, type) VALUES (%s, %s) ON CONFLICT DO NOTHING"


def make_table() -> None:
    """An empty one."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS floor_event")
        cursor.execute(TABLE)


@csrf_exempt
def bare_insert(request: HttpRequest) -> HttpResponse:
    """One committed row for each event; a second delivery changes nothing."""
    event = json.loads(request.body)
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [event["id"], event["type"]])
    return HttpResponse()
