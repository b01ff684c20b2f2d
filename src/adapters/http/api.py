"""The API beside the sockets: announcements, jobs, rooms."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from adapters.http.failures import failing
from adapters.job_words import WORDS, StateWord
from adapters.visitors import Recognise
from application.announcements import AnnouncementService
from application.jobs import JobService
from application.rooms import RoomService
from domain.identity import JobId, RoomName

LISTED_ROOMS = 100


class Announcement(BaseModel):
    """`channel` is chat, reliable, notifications, analytics or room:NAME."""

    channel: str = Field(max_length=100, examples=["chat", "room:lobby"])
    message: str
    periodic: bool = False


class Accepted(BaseModel):
    status: str = "accepted"


class JobView(BaseModel):
    """`status` is what it is on the socket."""

    job_id: str
    kind: str
    content: str
    status: StateWord
    progress: float
    attempt: int
    submitted_at: float
    message: str | None


class RoomView(BaseModel):
    room_name: str
    members: int


class RoomsView(BaseModel):
    """Fullest first, at most a hundred."""

    rooms: list[RoomView]


class HistoryView(BaseModel):
    """`messages` are frames, oldest first."""

    room_name: str
    messages: list[dict[str, Any]]


def api_router(
    announcements: AnnouncementService,
    jobs: JobService,
    rooms: RoomService,
    recognise: Recognise,
) -> APIRouter:
    router = APIRouter(prefix="/api")

    @router.post("/announcements", status_code=202, responses=failing(403, 413, 422, 503))
    async def announce(announcement: Announcement) -> Accepted:
        """Tell everybody on a channel."""
        await announcements.announce(
            announcement.channel, announcement.message, periodic=announcement.periodic
        )
        return Accepted()

    @router.get("/jobs/{job_id}", responses=failing(404, 503))
    async def job(job_id: str, request: Request) -> JobView:
        """Where a job stands."""
        visitor = recognise(request.scope)
        found = await jobs.get(visitor.member, JobId(job_id))
        return JobView(
            job_id=found.id,
            kind=found.kind,
            content=found.content,
            status=WORDS[found.state],
            progress=found.progress,
            attempt=found.attempt,
            submitted_at=found.submitted_at,
            message=found.outcome,
        )

    @router.get("/rooms", responses=failing(503))
    async def open_rooms() -> RoomsView:
        """Rooms with somebody in them."""
        found = await rooms.rooms(LISTED_ROOMS)
        views = [RoomView(room_name=size.name.value, members=size.members) for size in found]
        return RoomsView(rooms=views)

    @router.get(
        "/rooms/{room_name:path}/history",
        response_model=HistoryView,
        responses=failing(422, 503),
    )
    async def history(room_name: str, limit: Annotated[int, Query(ge=1, le=200)] = 50) -> Response:
        """The newest frames of a room, oldest first, as its members heard them."""
        name = RoomName.parse(room_name)
        # The frames are JSON already: they are joined, not parsed and encoded again.
        frames = ",".join(await rooms.recent(name, limit))
        view = RoomView(room_name=name.value, members=0).model_dump_json(include={"room_name"})
        body = f'{view[:-1]},"messages":[{frames}]}}'
        return Response(body, media_type="application/json")

    return router
