"""Two servers and a worker on one Redis: what is done at one is seen at the other.

The rows of the protocol are asked of two servers where it is asked of any (`test_sockets.py`
and others, with `[redis]`). Here is what only several processes can show.
"""

import asyncio
import sys
from pathlib import Path

import pytest

from tests.integration.asking import JOBS, frames_of, statuses, submit
from tests.integration.client import Client, everybody, get, post, until
from tests.integration.conftest import redis_settings
from tests.integration.pair import ROOM_MEMBERS, Pair
from tests.integration.processes import Redis, Server, all_running
from tests.integration.program import ROOT, Program
from tests.sockets import SAYS, TALKING, heard_as

pytestmark = pytest.mark.redis


SPEAKING = [SAYS[path] for path in TALKING]
"""Where all hear what one says."""


@pytest.mark.parametrize(("path", "says", "field"), SPEAKING, ids=[row.action for row in SPEAKING])
async def test_what_two_servers_hear_is_the_same_in_the_same_order_of_each_speaker(
    pair: Pair, path: str, says: str, field: str
) -> None:
    hears, _, mark = heard_as(path, "?")
    mark = mark.removesuffix("?")
    async with (
        Client(pair.a.url, path) as ada,
        Client(pair.b.url, path) as bob,
        Client(pair.a.url, path) as here,
        Client(pair.b.url, path) as there,
    ):
        for number in range(50):
            await ada.send(says, {field: f"ada {number}"})
            await bob.send(says, {field: f"bob {number}"})
        for client in (ada, bob, here, there):
            await client.receive(hears, **{field: f"{mark}ada 49"})
            await client.until_heard(1, hears, **{field: f"{mark}bob 49"})
    heard = [
        [payload[field].removeprefix(mark) for payload in client.payloads(hears)]
        for client in (ada, bob, here, there)
    ]
    for texts in heard:
        for name in ("ada", "bob"):
            assert [text for text in texts if text.startswith(name)] == [
                f"{name} {number}" for number in range(50)
            ]


async def test_a_room_counts_its_members_on_all_servers(pair: Pair, room: str) -> None:
    path = f"/ws/room/{room}"
    async with Client(pair.a.url, path) as ada:
        async with Client(pair.b.url, path):
            joined = await ada.receive("room_notification", kind="joined")
            await ada.send("room_members")
            members = await ada.receive("room_members")
            rooms = (await get(f"{pair.b.url}/api/rooms")).json()["rooms"]
        left = await ada.receive("room_notification", kind="left")
    assert joined["payload"]["members"] == 2
    assert members["payload"]["count"] == 2
    assert {"room_name": room, "members": 2} in rooms
    assert left["payload"]["members"] == 1


async def test_a_room_that_is_full_is_full_on_both_servers(pair: Pair, room: str) -> None:
    path = f"/ws/room/{room}"
    crowd = [Client(pair.a.url, path) for _ in range(ROOM_MEMBERS)]
    async with everybody(crowd), Client(pair.b.url, path) as refused:
        assert await refused.ended() == 1013
    async with Client(pair.b.url, path) as admitted:
        await admitted.until_pong()


async def test_a_job_asked_for_at_one_server_is_watched_and_resumed_at_the_other(
    pair: Pair,
) -> None:
    async with Client(pair.a.url, JOBS) as ada, Client(pair.b.url, JOBS) as bob:
        job_id = await submit(ada, "generate", "food")
        await bob.send("job_watch", {"job_id": job_id})
        await bob.receive("job_status", job_id=job_id)
        async with Client(pair.b.url, JOBS) as first:
            await first.send("job_watch", {"job_id": job_id})
            seen = await first.receive("job_status", job_id=job_id)
        await ada.receive("job_status", status="progress", job_id=job_id)
        async with Client(pair.b.url, JOBS, since=seen["cursor"]) as resumed:
            await resumed.receive("recovered", recovered=True)
            for client in (ada, bob, resumed):
                await client.receive("job_status", status="result", job_id=job_id)
        answer = (await get(f"{pair.b.url}/api/jobs/{job_id}")).json()
    whole = frames_of(ada, job_id)
    assert statuses(whole) == ["queued", "running", "progress", "result"]
    # Every watcher has the end of the same stream, frame for frame.
    watched, followed = frames_of(bob, job_id), frames_of(resumed, job_id)
    assert watched == whole[-len(watched) :]
    assert followed == whole[-len(followed) :]
    assert seen == whole[-len(followed) - 1]
    assert answer["status"] == "result"


async def test_an_announcement_over_http_is_heard_on_both_servers(pair: Pair, room: str) -> None:
    rows = [
        ("chat", "/ws/chat", "chat_notification", {"message": "hear, hear"}),
        ("reliable", "/ws/reliable", "reliable_chat_notification", {"message": "hear, hear"}),
        ("analytics", "/ws/analytics", "analytics_notification", {"event": "hear, hear"}),
        (f"room:{room}", f"/ws/room/{room}", "room_notification", {"kind": "announced"}),
    ]
    for channel, path, action, payload in rows:
        async with Client(pair.a.url, path) as here, Client(pair.b.url, path) as there:
            body = {"channel": channel, "message": "hear, hear"}
            answer = await post(f"{pair.a.url}/api/announcements", body)
            assert answer.status_code == 202
            for client in (here, there):
                await client.receive(action, **payload)


async def test_a_script_announces_through_chanxs_own_broadcast_event(pair: Pair) -> None:
    words = [sys.executable, str(ROOT / "examples" / "announce.py"), "lunch is ready"]
    script = Program(words, pair.a.folder, pair.settings)
    async with Client(pair.a.url, "/ws/chat") as here, Client(pair.b.url, "/ws/chat") as there:
        script.start()
        for client in (here, there):
            await client.receive("chat_notification", message="lunch is ready")
        assert await asyncio.to_thread(script.wait) == 0
        for client in (here, there):
            await client.until_pong()
            assert client.messages("chat_notification").count("lunch is ready") == 1
    script.kill()
    script.check_log()


async def test_a_member_of_a_killed_server_is_gone_after_its_lease(
    redis_server: Redis, prefix: str, tmp_path: Path, room: str
) -> None:
    settings = redis_settings(redis_server, prefix) | {"SWITCHBOARD_PRESENCE_LEASE": "1"}
    dies, lives = Server(tmp_path, **settings), Server(tmp_path, **settings)

    async def members() -> int:
        rooms = (await get(f"{lives.url}/api/rooms")).json()["rooms"]
        return sum(each["members"] for each in rooms)

    with all_running(dies, lives):
        async with Client(lives.url, f"/ws/room/{room}"), Client(dies.url, f"/ws/room/{room}"):
            # Longer than the lease: who lives stays.
            for _ in range(12):
                assert await members() == 2
                await asyncio.sleep(0.1)
            dies.kill()

            async def is_gone() -> bool:
                return await members() == 1

            await until(is_gone, "the member of the dead server is gone", deadline=3)
