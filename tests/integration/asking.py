"""Asking a real server for jobs, and what their frames tell."""

from itertools import pairwise
from typing import Any

from adapters.visitors import COOKIE, Visitors
from tests.integration.client import Client, Frame
from tests.integration.program import SECRET

JOBS = "/ws/background_jobs"


def visitor(number: int) -> dict[str, str]:
    """The headers of a browser that was here before."""
    return {"Cookie": f"{COOKIE}={Visitors(SECRET).signed(f'{number:032x}')}"}


async def submit(client: Client, kind: str, content: str) -> str:
    """Returns the job's id."""
    await client.send("job", {"type": kind, "content": content})
    queued = await client.receive("job_status", status="queued")
    return str(queued["payload"]["job_id"])


async def run(client: Client, kind: str, content: str) -> str:
    """Returns the job's result."""
    job_id = await submit(client, kind, content)
    result = await client.receive("job_status", status="result", job_id=job_id)
    return str(result["payload"]["message"])


def frames_of(client: Client, job_id: str) -> list[Frame]:
    """Those that tell where the job stands."""
    told = (frame for frame in client.frames if frame["action"] == "job_status")
    return [frame for frame in told if frame["payload"].get("job_id") == job_id]


def stream_of(client: Client, job_id: str) -> list[Frame]:
    """All that its stream keeps: where the job stands, and its output."""
    kept = (frame for frame in client.frames if "seq" in frame)
    return [frame for frame in kept if frame["payload"].get("job_id") == job_id]


def ended(client: Client, status: str) -> dict[str, Any]:
    """The payloads by which jobs have ended like that, by the jobs' ids."""
    payloads = client.payloads("job_status")
    return {payload["job_id"]: payload for payload in payloads if payload["status"] == status}


def statuses(frames: list[Frame]) -> list[str]:
    """Without repeats of `progress`."""
    found = [frame["payload"]["status"] for frame in frames]
    return [status for before, status in pairwise(["", *found]) if status != before]


def endings(client: Client, job_id: str) -> list[str]:
    found = [frame["payload"]["status"] for frame in frames_of(client, job_id)]
    return [status for status in found if status in ("result", "failed", "cancelled")]
