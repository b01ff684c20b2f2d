"""The bare peer: what uvicorn's fastest WebSocket implementation can do at best.

`json.loads`, a loop over the members, `json.dumps` once. No framework, no validation, no
bounds, no history, one process only. `python -m benchmarks.peers.bare PORT` serves it.
"""

import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import uvicorn

Send: TypeAlias = Callable[[Any], Awaitable[None]]

ANSWERS = {
    "user_message": ("system_echo", "🔧 System Echo: "),
    "chat": ("chat_notification", "💬 "),
    "room_chat": ("room_notification", "💬 "),
}
"""By the action that a client sends: the action that comes back, and what leads its text."""

_rooms: dict[str, dict[int, Send]] = {}
"""Who is where, by path."""


async def app(scope: Any, receive: Callable[[], Awaitable[Any]], send: Send) -> None:
    """An echo on `/ws/system`, a room on every other path.

    A room tells its members of every newcomer, unless that one came with `?quiet`.
    """
    if scope["type"] != "websocket":
        return
    path: str = scope["path"]
    await receive()
    await send({"type": "websocket.accept"})
    is_alone = path == "/ws/system"
    members = {} if is_alone else _rooms.setdefault(path, {})
    if scope["query_string"] != b"quiet":
        await _tell(members, "room_notification", "🚪 Someone joined the room")
    members[id(send)] = send
    try:
        while (message := await receive())["type"] != "websocket.disconnect":
            frame = json.loads(message["text"])
            action, lead = ANSWERS[frame["action"]]
            await _tell(members, action, lead + frame["payload"]["message"])
    except OSError:
        pass  # uvicorn's way to say that a client is gone
    finally:
        del members[id(send)]


async def _tell(members: dict[int, Send], action: str, text: str) -> None:
    frame = json.dumps({"action": action, "payload": {"message": text}})
    message = {"type": "websocket.send", "text": frame}
    for send in list(members.values()):
        await send(message)


if __name__ == "__main__":
    uvicorn.run(
        app,
        port=int(sys.argv[1]),
        loop="uvloop",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        lifespan="off",
        log_level="warning",
    )
