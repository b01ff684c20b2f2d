"""The AsyncAPI 3 document, found from the consumers themselves."""

from typing import Any

from chanx.fast_channels.views import generate_asyncapi_schema
from fastapi import FastAPI, Request


def asyncapi(app: FastAPI, request: Request) -> dict[str, Any]:
    document = generate_asyncapi_schema(
        request, app, {"title": app.title, "description": app.description}
    )
    for channel in document["channels"].values():
        # chanx (2.13) keeps Starlette's converter in the address, which no client knows.
        channel["address"] = channel["address"].replace(":path}", "}")
    return document
