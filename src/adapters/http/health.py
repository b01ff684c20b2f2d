"""Whether the process lives, and whether it can serve."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from application.errors import Unavailable

ANSWER_SECONDS = 2.0
"""Load balancers give up soon; so does the question to the backend."""


class Health(BaseModel):
    """`status` is ok or ready, or says why it isn't."""

    status: str


def health_router(
    check: Callable[[], Awaitable[None]], is_draining: Callable[[], bool]
) -> APIRouter:
    """`check` raises `Unavailable` with the reason why nobody can be served."""
    router = APIRouter()

    @router.get("/healthz")
    async def healthz() -> Health:
        """The process lives."""
        return Health(status="ok")

    not_ready: dict[int | str, dict[str, Any]] = {
        503: {"model": Health, "description": "It can't serve now."}
    }

    @router.get("/readyz", response_model=Health, responses=not_ready)
    async def readyz() -> JSONResponse:
        """It can serve: it is not about to stop, its backend answers, and nothing in it is down."""
        if is_draining():
            return JSONResponse({"status": "draining"}, status_code=503)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await check()
        except Unavailable as error:
            return _unavailable(error.detail)
        except TimeoutError:
            return _unavailable("The backend does not answer in time.")
        return JSONResponse({"status": "ready"})

    return router


def _unavailable(reason: str) -> JSONResponse:
    return JSONResponse({"status": "backend unavailable", "reason": reason}, status_code=503)
