"""What clients are told at the limits of what is kept, on sockets and over HTTP."""

from typing import Any

import pytest

from tests.unit.adapters.http.asking import client_of
from tests.unit.adapters.websocket.asking import ANNA, ask, asking
from tests.unit.adapters.websocket.driving import serving


async def test_a_room_too_many_is_entered_later() -> None:
    async with serving(address_room_burst=1) as service, service.socket("/ws/room/lobby"):
        async with service.socket("/ws/room/attic") as client:
            told = await client.payload("disconnect")
            assert (told["code"], told["reconnect"]) == (4429, True)
            assert 0 < told["after_ms"] <= 1_000
            assert "rooms" in told["reason"]
        async with service.socket("/ws/room/lobby") as client:
            await client.hears_nothing()


async def test_a_room_too_many_is_announced_to_later() -> None:
    async with serving(address_room_burst=1) as service, client_of(service) as http:
        for room, status in (("a", 202), ("b", 429), ("a", 202)):
            body = {"channel": f"room:{room}", "message": "hello"}
            answer = await http.post("/api/announcements", json=body)
            assert answer.status_code == status, answer.text
            if status == 429:
                error: Any = answer.json()["error"]
                assert (error["code"], error["scope"]) == ("rate_limited", "address")
                assert error["retryable"] is True
                assert error["retry_after_ms"] > 0
                assert int(answer.headers["retry-after"]) >= 1
        metrics = (await http.get("/metrics")).text
        assert 'switchboard_limited_total{limit="rooms_made",scope="address"} 1.0' in metrics


@pytest.mark.parametrize("name", ["key", "ref"])
async def test_an_event_of_a_new_name_too_many_is_refused_by_its_name(name: str) -> None:
    async with (
        serving(address_name_burst=1) as service,
        service.socket("/ws/analytics") as client,
    ):
        await client.say("analytics", {"event": "view"})
        await client.frame()
        await client.say_raw(
            f'{{"action":"analytics","{name}":"mine","payload":{{"event":"click"}}}}'
        )
        told = await client.frame()
        assert told["action"] == "error"
        assert told[name] == "mine"
        assert (told["payload"]["code"], told["payload"]["scope"]) == ("rate_limited", "address")
        assert told["payload"]["retry_after_ms"] > 0


async def test_a_member_s_connections_share_what_may_wait_and_leave_room_for_others() -> None:
    settings: dict[str, Any] = {"job_pace": 100, "job_slots": 1, "member_jobs_waiting": 2}
    async with (
        serving(**settings) as service,
        asking(service) as somebody,
        asking(service, ANNA) as one,
        asking(service, ANNA) as other,
        client_of(service, visitor=ANNA) as http,
    ):
        await ask(somebody)
        await somebody.status("running")
        await ask(one)
        await ask(other)
        await other.say("job", {"content": "one too many"})
        told = (await other.status("error"))["payload"]
        assert (told["code"], told["scope"], told["retryable"]) == ("rate_limited", "member", True)
        assert told["retry_after_ms"] > 0
        answer = await http.post("/api/jobs", json={"content": "one too many"})
        assert (answer.status_code, answer.json()["error"]["scope"]) == (429, "member")
        await ask(somebody)
