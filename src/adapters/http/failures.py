"""Errors over HTTP: `{"error": {code, detail, …}}`, whatever went wrong."""

import logging
import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Literal

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from adapters.sessions.disconnects import Refused
from application.errors import RateLimited, Refusal, Scope
from domain.errors import (
    BrokenRule,
    JobIsNotYours,
    JobIsOver,
    JobIsUnknown,
    NotAllowed,
    NotAuthenticated,
)

log = logging.getLogger(__name__)

SHOWN_PROBLEMS = 10

_STATUSES: Mapping[type[BrokenRule], int] = {
    NotAuthenticated: 401,
    NotAllowed: 403,
    JobIsNotYours: 403,
    JobIsUnknown: 404,
    JobIsOver: 409,
}

_CODES = {
    404: "not_found",
    405: "method_not_allowed",
    413: "body_is_too_large",
    426: "upgrade_required",
}


MEANINGS: Mapping[int, str] = {
    400: "A rule forbids it, or `Host` names no host of ours.",
    401: "A token or a key is needed, or the one that came isn't believed.",
    403: "The caller has no right to this, or a page of an origin asks that isn't listed.",
    409: "It was done already, or can't be done any more.",
    404: "There is no such thing, or none that the caller may see.",
    413: "The body is too large.",
    422: "The request isn't valid.",
    429: "Too much from one address or member; `Retry-After` says when to try again.",
    500: "The service failed; its log says why.",
    503: "The service can't do it now; `Retry-After` says when to try again.",
}


class Problem(BaseModel):
    """What isn't valid in a request; `loc` is the way to it."""

    type: str
    loc: list[str | int]
    msg: str


class Failure(BaseModel):
    """`code` is for programs, `detail` for people; `problems` come with `not_valid`."""

    code: str
    detail: str
    retryable: bool = False
    problems: list[Problem] = []


class FailureAnswer(BaseModel):
    error: Failure


class TooMuch(BaseModel):
    """A failure of code `rate_limited`: `scope` is whose limit was reached."""

    code: str
    detail: str
    retryable: Literal[True]
    scope: Scope
    retry_after_ms: int


class TooMuchAnswer(BaseModel):
    error: TooMuch


def failing(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route says of the failures that it may answer, for the OpenAPI document."""
    return {
        status: {
            "model": TooMuchAnswer if status == HTTPStatus.TOO_MANY_REQUESTS else FailureAnswer,
            "description": MEANINGS[status],
        }
        for status in statuses
    }


def add_failure_handlers(app: FastAPI) -> None:
    """Answer every failure in the one form."""

    @app.exception_handler(BrokenRule)
    async def broken_rule(request: Request, error: BrokenRule) -> JSONResponse:
        status = next((it for kind, it in _STATUSES.items() if isinstance(error, kind)), 400)
        response = _answer(status, error.code, error.detail)
        if status == HTTPStatus.UNAUTHORIZED:
            response.headers["www-authenticate"] = "Bearer"
        return response

    @app.exception_handler(Refusal)
    async def refusal(request: Request, error: Refusal) -> JSONResponse:
        if isinstance(error, RateLimited):
            told = Refused.for_error(error).error
            response = JSONResponse({"error": told}, status_code=HTTPStatus.TOO_MANY_REQUESTS)
        else:
            response = _answer(503, error.code, error.detail, retryable=True)
        response.headers["retry-after"] = str(math.ceil(error.retry_after))
        return response

    @app.exception_handler(RequestValidationError)
    async def not_valid(request: Request, error: RequestValidationError) -> JSONResponse:
        problems = [
            {"type": problem["type"], "loc": problem["loc"], "msg": problem["msg"][:200]}
            for problem in error.errors()[:SHOWN_PROBLEMS]
        ]
        return _answer(422, "not_valid", "This request isn't valid.", problems=problems)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        code = _CODES.get(error.status_code, "http_error")
        response = _answer(error.status_code, code, str(error.detail))
        response.headers.update(error.headers or {})
        if response.headers.get("allow") == "GET":
            response.headers["allow"] = "GET, HEAD"
        return response

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        return _answer(500, "internal", "The service failed to do this; its log says why.")


def _answer(status: int, code: str, detail: str, **more: Any) -> JSONResponse:
    return JSONResponse({"error": {"code": code, "detail": detail, **more}}, status_code=status)
