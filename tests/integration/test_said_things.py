"""What every said thing carries, on every socket: an id, a time, and who said it."""

import time
from typing import Any

import pytest

from tests.frames import ID, SOMEONE
from tests.integration.client import Client, Frame, get, post
from tests.integration.conftest import Service
from tests.sockets import ANNOUNCED, DURABLE, ROOM, SAYS, TALKING, TELLING, channel_of, heard_as

JOBS = "/ws/background_jobs"

DURABLE_TALKING = [path for path in TALKING if path in DURABLE]


def now_ms() -> int:
    return int(time.time() * 1000)


async def say(client: Client, path: str, text: str) -> None:
    """Say `text`, with nothing else in the payload."""
    await client.send(SAYS[path].action, {SAYS[path].field: text})


async def hear(client: Client, path: str, text: str) -> Frame:
    action, field, words = heard_as(path, text)
    return await client.receive(action, **{field: words})


async def name(client: Client, called: str) -> Any:
    """Take a name; returns the member that the service makes of it."""
    await client.send("authenticate", {"name": called})
    answer = (await client.receive("authenticated"))["payload"]
    assert answer["member"]["name"] == called
    assert (answer["expires_at"], answer["revoked"]) == (None, [])
    return answer["member"]


@pytest.mark.parametrize("path", TALKING)
async def test_all_hear_the_same_id_time_and_member_and_no_id_twice(
    service: Service, room: str, path: str
) -> None:
    begin = now_ms()
    heard: list[Frame] = []
    async with Client(service.url, path) as ada, Client(service.url2, path) as bob:
        members = [await name(ada, "Ada"), await name(bob, "Bob")]
        for number, (speaker, member) in enumerate(zip((ada, bob) * 2, members * 2, strict=True)):
            text = f"{room} {number}"
            await say(speaker, path, text)
            first, second = [await hear(client, path, text) for client in (ada, bob)]
            assert first == second
            assert first["payload"]["member"] == member
            heard.append(first)
    times = [frame["at"] for frame in heard]
    assert begin <= min(times)
    assert max(times) <= now_ms()
    assert all(ID.fullmatch(frame["id"]) for frame in heard)
    assert len({frame["id"] for frame in heard}) == len(heard)
    assert members[0]["id"] != members[1]["id"]


@pytest.mark.parametrize("path", DURABLE_TALKING)
async def test_what_was_missed_has_the_id_time_and_member_that_others_heard(
    service: Service, room: str, path: str
) -> None:
    async with Client(service.url, path) as stays:
        await say(stays, path, f"{room} seen")
        seen = await hear(stays, path, f"{room} seen")
        await say(stays, path, f"{room} missed")
        heard = await hear(stays, path, f"{room} missed")
        async with Client(service.url2, path, since=seen["cursor"]) as back:
            assert await hear(back, path, f"{room} missed") == heard


async def test_a_room_s_history_over_http_has_the_frames_that_were_heard(
    service: Service, room: str
) -> None:
    async with Client(service.url, f"/ws/room/{room}") as client:
        await client.send("room_chat", {"message": "hello"})
        heard = await client.receive("room_notification", message="💬 hello")
    history = (await get(f"{service.url2}/api/rooms/{room}/history")).json()
    assert history["messages"] == [heard]


@pytest.mark.parametrize("path", TELLING)
async def test_whoever_comes_is_named_to_all_by_one_notice(service: Service, path: str) -> None:
    begin = now_ms()
    async with Client(service.url, path) as stays:
        await stays.until_pong()
        seen = len(stays.frames)
        async with Client(service.url2, path) as comes:
            member = await name(comes, "Ada")
            action = heard_as(path, "")[0]
            notice = await stays.receive(action)
            while notice["payload"]["member"]["id"] != member["id"]:
                notice = await stays.receive(action)
    assert notice in stays.frames[seen:]
    # It has taken its name after it came.
    assert notice["payload"]["member"] == {"id": member["id"], "name": "Someone"}
    assert ID.fullmatch(notice["id"])
    assert begin <= notice["at"] <= now_ms()


@pytest.mark.parametrize("path", ANNOUNCED)
async def test_an_announcement_has_an_id_and_a_time_and_no_member(
    service: Service, room: str, path: str
) -> None:
    begin = now_ms()
    action, field, _ = heard_as(path, "")
    async with Client(service.url, path) as first, Client(service.url2, path) as second:
        body = {"channel": channel_of(path), "message": room}
        await post(f"{service.url}/api/announcements", body)
        heard, same = [await client.receive(action, **{field: room}) for client in (first, second)]
    assert heard == same
    assert "member" not in heard["payload"]
    assert ID.fullmatch(heard["id"])
    assert begin <= heard["at"] <= now_ms()


async def test_a_job_s_way_is_told_with_ids_and_times_and_who_asked_for_it(
    service: Service,
) -> None:
    begin = now_ms()
    async with Client(service.url, JOBS) as asker, Client(service.url2, JOBS) as watcher:
        member = await name(asker, "Ada")
        await asker.send("job", {"type": "translate", "content": "hello"})
        queued = await asker.receive("job_status", status="queued")
        job_id = queued["payload"]["job_id"]
        await asker.receive("job_status", status="result")
        # It is over, so that its end is told from its record.
        await watcher.send("job_watch", {"job_id": job_id})
        told = await watcher.receive("job_status", status="result")
    way = [f for f in asker.frames if f["payload"] and f["payload"].get("job_id") == job_id]
    assert queued["payload"]["member"] == member
    assert [frame for frame in way[1:] if "member" in frame["payload"]] == []
    assert all(ID.fullmatch(frame["id"]) for frame in way)
    assert len({frame["id"] for frame in way}) == len(way)
    times = [frame["at"] for frame in way]
    assert begin <= min(times)
    assert max(times) <= now_ms()
    assert (told["id"], told["at"]) == (way[-1]["id"], way[-1]["at"])
    assert told["payload"] == way[-1]["payload"]


async def test_a_visitor_without_a_name_is_called_someone(service: Service, room: str) -> None:
    async with Client(service.url, f"/ws/room/{room}") as client:
        await client.send("room_chat", {"message": ROOM})
        heard = await client.receive("room_notification", kind="said")
    assert heard["payload"]["member"] == SOMEONE
