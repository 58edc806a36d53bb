"""How the API says no, in Stripe's shape."""

from __future__ import annotations

DOCS = "https://docs.stripe.com/error-codes/"


class ApiError(Exception):
    """An answer that is an error. Everything done in the request is undone, unless ``keeps_work``."""

    keeps_work = False
    type = "invalid_request_error"

    def __init__(self, message: str, *, status: int = 400, code: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code
        self.param = param

    def fields(self) -> dict[str, object]:
        found: dict[str, object] = {"type": self.type, "message": self.message}
        if self.code:
            found["code"] = self.code
            found["doc_url"] = DOCS + self.code.replace("_", "-")
        if self.param:
            found["param"] = self.param
        return found


class IdempotencyError(ApiError):
    type = "idempotency_error"


class ServerError(ApiError):
    type = "api_error"


class CardError(ApiError):
    """The bank said no. What was tried stays on record."""

    type = "card_error"
    keeps_work = True

    def __init__(
        self, message: str, *, code: str, decline_code: str | None = None, payment_intent: dict | None = None
    ) -> None:
        super().__init__(message, status=402, code=code)
        self.decline_code = decline_code
        self.payment_intent = payment_intent

    def fields(self) -> dict[str, object]:
        extra = {"decline_code": self.decline_code, "payment_intent": self.payment_intent}
        return super().fields() | {name: value for name, value in extra.items() if value}


def no_such(kind: str, object_id: str, *, param: str = "id", status: int = 404) -> ApiError:
    return ApiError(f"No such {kind}: '{object_id}'", status=status, code="resource_missing", param=param)


def unknown_parameter(name: str) -> ApiError:
    return ApiError(f"Received unknown parameter: {name}", code="parameter_unknown", param=name)


def missing_parameter(name: str) -> ApiError:
    return ApiError(f"Missing required param: {name}.", code="parameter_missing", param=name)


def invalid(message: str, param: str | None = None, *, code: str | None = None) -> ApiError:
    return ApiError(message, param=param, code=code)
