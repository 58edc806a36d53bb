"""The account that sells."""

from __future__ import annotations

from ..shapes import fresh
from ..store import Object
from ..work import Work


def open_if_new(unit: Work, account_id: str) -> Object:
    found = unit.find("account", account_id)
    if found is not None:
        return found
    account = fresh("account", id=account_id, created=unit.now, email="owner@sandbox.test")
    account["external_accounts"]["url"] = f"/v1/accounts/{account_id}/external_accounts"
    account["business_profile"]["name"] = "Sandbox school"
    account["settings"]["dashboard"]["display_name"] = "Sandbox school"
    return unit.keep(account)


def retrieve(unit: Work, params: Object) -> Object:
    return unit.get("account", unit.account)
