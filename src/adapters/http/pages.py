"""The web client, and the documents about sockets and HTTP. All of it is served by us."""

from collections.abc import Collection
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles

from adapters.authenticator import Authenticator
from adapters.http.documents import Documents

HERE = Path(__file__).parent


def add_pages(app: FastAPI, authenticator: Authenticator, durable: Collection[str]) -> None:
    """`durable`: see `asyncapi`."""
    router = APIRouter(include_in_schema=False)
    documents = Documents(app, durable)

    @router.get("/")
    async def index(request: Request) -> FileResponse:
        page = FileResponse(HERE / "static" / "index.html", headers={"cache-control": "no-cache"})
        cookie = authenticator.page_cookie(request.scope)
        if cookie is not None:
            page.headers["set-cookie"] = cookie
            page.headers["cache-control"] = "no-store"  # another must not be given it
        return page

    @router.get("/docs")
    async def openapi_page() -> FileResponse:
        return FileResponse(HERE / "pages" / "openapi.html")

    @router.get("/openapi.json")
    async def openapi_json(request: Request) -> Response:
        return documents.openapi().answer(request)

    @router.get("/asyncapi")
    async def asyncapi_page() -> FileResponse:
        return FileResponse(HERE / "pages" / "asyncapi.html")

    @router.get("/asyncapi.json")
    async def asyncapi_json(request: Request) -> Response:
        return documents.asyncapi_json(*_server_of(request)).answer(request)

    @router.get("/asyncapi.yaml")
    async def asyncapi_yaml(request: Request) -> Response:
        return documents.asyncapi_yaml(*_server_of(request)).answer(request)

    app.include_router(router)
    app.mount("/static", StaticFiles(directory=HERE / "static"))
    app.mount("/pages", StaticFiles(directory=HERE / "pages"))
    app.mount("/assets/asyncapi", StaticFiles(packages=[("asyncapi_viewer", "static")]))
    app.mount("/assets/openapi", StaticFiles(packages=[("fastapi_offline", "static")]))


def _server_of(request: Request) -> tuple[str, str]:
    """The host and the protocol by which whoever asks reaches the sockets."""
    return request.url.netloc, "wss" if request.url.scheme == "https" else "ws"
