"""The HTTP side put together: the API, the pages, the sockets, and what stands before them."""

from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager
from importlib.metadata import version

from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp

from adapters.authenticator import Authenticator
from adapters.http.failures import add_failure_handlers, failing
from adapters.http.gate import Gate
from adapters.http.head_requests import HeadAsGet
from adapters.http.headers import SecurityHeaders
from adapters.http.hosts import Hosts
from adapters.http.origins import CrossOrigin, Origins
from adapters.http.pages import add_pages
from adapters.limits.address_limits import AddressLimits
from adapters.sessions.registry import Registry
from adapters.settings import ServerSettings

SOCKETS = "/ws"


def http_app(
    settings: ServerSettings,
    registry: Registry,
    sockets: ASGIApp,
    *routers: APIRouter,
    authenticator: Authenticator,
    limits: AddressLimits,
    durable: Collection[str],
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]],
) -> FastAPI:
    """`sockets` is mounted under `/ws`; `durable` are the paths there that keep a history."""
    app = FastAPI(
        title="Switchboard",
        version=version("switchboard"),
        description="Chat, rooms, notifications, analytics and background jobs.",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        max_body_size=settings.max_frame_bytes,
        responses=failing(400, 429, 500),
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.state.authenticator = authenticator
    app.mount(SOCKETS, sockets)
    for router in routers:
        app.include_router(router)
    add_pages(app, authenticator, {SOCKETS + path for path in durable})
    add_failure_handlers(app)
    origins = Origins(settings.allowed_origins)
    gate = Gate(
        app.build_middleware_stack(),
        hosts=Hosts(settings.allowed_hosts),
        origins=origins,
        max_body=settings.max_frame_bytes,
        limits=limits,
        open_from=registry.open_from,
        is_full=lambda: registry.is_full,
        is_draining=lambda: registry.is_draining,
    )
    # Outside of everything, so that answers to errors carry the headers, too.
    app.middleware_stack = SecurityHeaders(CrossOrigin(HeadAsGet(gate), origins))
    return app
