"""A client of the jobs socket: asks for jobs, and reads what becomes of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

from tests.unit.adapters.websocket.driving import Frame, Service, Socket

JOBS = "/ws/background_jobs"
ANNA, BERT = "a" * 32, "b" * 32
"""Two visitors, by the keys in their cookies."""


@asynccontextmanager
async def asking(service: Service, visitor: str | None = None) -> AsyncIterator[Socket]:
    """A client that has read its greeting."""
    async with service.socket(JOBS, visitor=visitor) as client:
        assert (await client.payload("job_status"))["status"] == "connected"
        yield client


@asynccontextmanager
async def coming_back(
    service: Service, *cursors: str, visitor: str | None = None
) -> AsyncIterator[Socket]:
    query = "&".join(f"since={quote(cursor)}" for cursor in cursors)
    async with service.socket(f"{JOBS}?{query}", visitor=visitor) as client:
        yield client


async def ask(client: Socket, kind: str = "default", content: str = "hello") -> str:
    """Ask for a job; returns its id."""
    await client.say("job", {"type": kind, "content": content})
    job_id: str = (await client.status("queued"))["payload"]["job_id"]
    return job_id


async def ask_until(client: Socket, status: str) -> Frame:
    """Ask for a job, and read on to the frame that tells it is so far."""
    await ask(client)
    return await client.status(status)


async def story(client: Socket) -> list[Frame]:
    """All frames until a job's end."""
    frames = [await client.frame()]
    while frames[-1]["payload"].get("status") not in ("result", "failed", "cancelled", "error"):
        frames.append(await client.frame())
    return frames


def told(job_id: str, status: str, message: str, **more: Any) -> dict[str, Any]:
    """The payload by which watchers hear of a job."""
    return {"status": status, "job_id": job_id, "message": message, **more}
