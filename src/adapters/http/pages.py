"""The web client, and the documents about sockets and HTTP. All of it is served by us."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import yaml
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from starlette.staticfiles import StaticFiles

from adapters.http.asyncapi import asyncapi
from adapters.http.openapi import openapi
from adapters.visitors import recognise

HERE = Path(__file__).parent


def add_pages(app: FastAPI, durable: Collection[str]) -> None:
    """`durable`: see `asyncapi`."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    async def index(request: Request) -> FileResponse:
        page = FileResponse(HERE / "static" / "index.html", headers={"cache-control": "no-cache"})
        visitor = recognise(request.scope["headers"], secure=request.url.scheme == "https")
        if visitor.new_cookie is not None:
            page.headers["set-cookie"] = visitor.new_cookie
        return page

    @router.get("/docs")
    async def openapi_page() -> FileResponse:
        return FileResponse(HERE / "pages" / "openapi.html")

    @router.get("/openapi.json")
    async def openapi_json() -> JSONResponse:
        return JSONResponse(openapi(app))

    @router.get("/asyncapi")
    async def asyncapi_page() -> FileResponse:
        return FileResponse(HERE / "pages" / "asyncapi.html")

    @router.get("/asyncapi.json")
    async def asyncapi_json(request: Request) -> JSONResponse:
        return JSONResponse(_asyncapi(app, durable, request))

    @router.get("/asyncapi.yaml")
    async def asyncapi_yaml(request: Request) -> Response:
        text = yaml.safe_dump(_asyncapi(app, durable, request), allow_unicode=True, sort_keys=False)
        return Response(text, media_type="application/yaml")

    app.include_router(router)
    app.mount("/static", StaticFiles(directory=HERE / "static"))
    app.mount("/pages", StaticFiles(directory=HERE / "pages"))
    app.mount("/assets/asyncapi", StaticFiles(packages=[("asyncapi_viewer", "static")]))
    app.mount("/assets/openapi", StaticFiles(packages=[("fastapi_offline", "static")]))


def _asyncapi(app: FastAPI, durable: Collection[str], request: Request) -> dict[str, Any]:
    protocol = "wss" if request.url.scheme == "https" else "ws"
    server = {"host": request.url.netloc, "protocol": protocol}
    return {**asyncapi(app, durable), "servers": {"switchboard": server}}
