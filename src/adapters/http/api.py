"""The API beside the sockets: announcements and rooms."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import BaseModel, Field

from adapters.http.callers import Anybody, Known
from adapters.http.failures import failing
from application.announcements import AnnouncementService
from application.rooms import RoomService
from domain.identity import RoomName

LISTED_ROOMS = 100


class Announcement(BaseModel):
    """`channel` is chat, reliable, notifications, analytics or room:NAME."""

    channel: str = Field(max_length=100, examples=["chat", "room:lobby"])
    message: str
    periodic: bool = False


class Accepted(BaseModel):
    status: str = "accepted"


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


def api_router(announcements: AnnouncementService, rooms: RoomService) -> APIRouter:
    router = APIRouter(prefix="/api")

    @router.post("/announcements", status_code=202, responses=failing(401, 403, 413, 422, 503))
    async def announce(announcement: Announcement, caller: Known) -> Accepted:
        """Tell everybody on a channel."""
        await announcements.announce(
            caller, announcement.channel, announcement.message, periodic=announcement.periodic
        )
        return Accepted()

    @router.get("/rooms", responses=failing(401, 503))
    async def open_rooms(caller: Anybody) -> RoomsView:
        """Rooms with somebody in them, of which the caller may know."""
        found = await rooms.rooms(caller, LISTED_ROOMS)
        views = [RoomView(room_name=size.name.value, members=size.members) for size in found]
        return RoomsView(rooms=views)

    @router.get(
        "/rooms/{room_name:path}/history",
        response_model=HistoryView,
        responses=failing(401, 403, 422, 503),
    )
    async def history(
        room_name: str, caller: Anybody, limit: Annotated[int, Query(ge=1, le=200)] = 50
    ) -> Response:
        """The newest frames of a room, oldest first, as its members heard them."""
        name = RoomName.parse(room_name)
        # The frames are JSON already: they are joined, not parsed and encoded again.
        frames = ",".join(await rooms.recent(name, caller, limit))
        view = RoomView(room_name=name.value, members=0).model_dump_json(include={"room_name"})
        body = f'{view[:-1]},"messages":[{frames}]}}'
        return Response(body, media_type="application/json")

    return router
