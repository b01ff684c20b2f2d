"""Documents that are made once: with a fingerprint, and compressed where the client takes that."""

import gzip
import hashlib
import json
import re
from collections.abc import Collection
from functools import cache, lru_cache
from typing import Any

import yaml
from fastapi import FastAPI, Request
from fastapi.responses import Response

from adapters.http.asyncapi import asyncapi
from adapters.http.openapi import openapi

KEPT_HOSTS = 16
"""For so many names by which the service is asked for, its document is kept. A name costs the
compression of a few kilobytes, so that inventing names gains nobody anything."""

_GZIP = re.compile(r"(?:^|,)\s*gzip\s*(?!;\s*q=0(?:\.0*)?\s*(?:,|$))(?:;|,|$)", re.IGNORECASE)


class Document:
    """A text that never changes."""

    def __init__(self, text: str, media_type: str) -> None:
        self._plain = text.encode()
        self._packed = gzip.compress(self._plain, mtime=0)
        self._media_type = media_type
        self._fingerprint = hashlib.sha256(self._plain).hexdigest()[:32]

    def answer(self, request: Request) -> Response:
        """The text, or 304 for a client that has it."""
        packs = _GZIP.search(request.headers.get("accept-encoding", "")) is not None
        etag = f'"{self._fingerprint}-gzip"' if packs else f'"{self._fingerprint}"'
        headers = {"etag": etag, "vary": "accept-encoding", "cache-control": "no-cache"}
        if _has(request.headers.get("if-none-match", ""), etag):
            return Response(status_code=304, headers=headers)
        if packs:
            headers["content-encoding"] = "gzip"
        body = self._packed if packs else self._plain
        return Response(body, headers=headers, media_type=self._media_type)


def _has(known: str, etag: str) -> bool:
    tags = (tag.strip().removeprefix("W/") for tag in known.split(","))
    return any(tag in ("*", etag) for tag in tags)


class Documents:
    """What the service says of itself, made when it is asked for first."""

    def __init__(self, app: FastAPI, durable: Collection[str]) -> None:
        sockets = cache(lambda: asyncapi(app, durable))
        sockets_yaml = cache(lambda: yaml.safe_dump(sockets(), allow_unicode=True, sort_keys=False))

        @cache
        def openapi_document() -> Document:
            return Document(_json(openapi(app)), "application/json")

        @lru_cache(KEPT_HOSTS)
        def in_json(host: str, protocol: str) -> Document:
            text = _json({**sockets(), "servers": _servers(host, protocol)})
            return Document(text, "application/json")

        @lru_cache(KEPT_HOSTS)
        def in_yaml(host: str, protocol: str) -> Document:
            # Printing YAML takes a hundred times as long: the part that is the same is kept.
            servers = yaml.safe_dump({"servers": _servers(host, protocol)})
            return Document(sockets_yaml() + servers, "application/yaml")

        self.openapi, self.asyncapi_json, self.asyncapi_yaml = openapi_document, in_json, in_yaml


def _servers(host: str, protocol: str) -> dict[str, Any]:
    return {"switchboard": {"host": host, "protocol": protocol}}


def _json(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
