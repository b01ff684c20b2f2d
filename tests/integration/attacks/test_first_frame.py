"""Before somebody has said who it is: it gets nothing, does nothing and is seen by nobody."""

import asyncio
import contextlib
import json

import pytest
from websockets.exceptions import ConnectionClosed

from tests.integration.attacks.attacker import Attacker, Target, claims
from tests.integration.client import Client, until
from tests.unit.adapters.identity.signing import with_secret

OTHERS = with_secret("of another service, and as long as it has to be")


@pytest.mark.parametrize(
    ("path", "action", "payload"),
    [
        ("/ws/system", "user_message", {"message": "hello"}),
        ("/ws/chat", "chat", {"message": "hello"}),
        ("/ws/reliable", "reliable_chat", {"message": "hello"}),
        ("/ws/notifications", "notification", {"message": "hello"}),
        ("/ws/analytics", "analytics", {"event": "hello"}),
        ("/ws/analytics", "analytics_tally", None),
        ("/ws/room/lobby", "room_chat", {"message": "hello"}),
        ("/ws/room/lobby", "room_members", None),
        ("/ws/background_jobs", "job", {"type": "default", "content": "hello"}),
        ("/ws/background_jobs", "job_list", None),
        ("/ws/background_jobs", "job_watch", {"job_id": "x"}),
        ("/ws/background_jobs", "job_cancel", {"job_id": "x"}),
        ("/ws/chat", "authenticate", {"name": "Ada"}),
    ],
)
async def test_nothing_but_ping_and_authenticate_is_done(
    attacker: Attacker, members_only: Target, path: str, action: str, payload: object
) -> None:
    async with attacker.client(members_only, path) as client:
        for envelope in ({}, {"ref": "r"}, {"key": "k"}):
            frame = {"action": action, "payload": payload, **envelope}
            await client.send_raw(json.dumps(frame))
            await client.receive("error", code="not_authenticated")
        await client.until_pong()
    assert {frame["action"] for frame in client.frames} == {"error", "pong"}


async def test_nobody_hears_or_counts_who_has_not_said_who_it_is(
    attacker: Attacker, members_only: Target, room: str
) -> None:
    path = f"/ws/room/{room}"
    ada = attacker.client(members_only, path, token=attacker.token(members_only))
    async with ada:
        async with attacker.client(members_only, path) as unknown:
            await ada.send("room_chat", {"message": "a secret"})
            await ada.receive("room_notification", message="💬 a secret")
            await ada.send("room_members")
            members = await ada.receive("room_members")
            await unknown.until_pong()
        await ada.until_pong()
        listed = await attacker.ask(
            members_only, "GET", "/api/rooms", token=attacker.token(members_only)
        )
    assert members["payload"]["count"] == 1
    assert {"room_name": room, "members": 1} in listed.json()["rooms"]
    assert ada.messages("room_notification") == ["💬 a secret"]
    assert "a secret" not in json.dumps(unknown.frames)


@pytest.mark.parametrize("since", ["0", "cursor"])
async def test_no_history_is_given_before(
    attacker: Attacker, members_only: Target, room: str, since: str
) -> None:
    path = f"/ws/room/{room}"
    async with attacker.client(members_only, path, token=attacker.token(members_only)) as ada:
        for text in ("one", "two"):
            await ada.send("room_chat", {"message": text})
            await ada.receive("room_notification", message=f"💬 {text}")
    position = ada.cursor or "" if since == "cursor" else since
    async with attacker.client(members_only, path, since=position) as unknown:
        await unknown.send("authenticate", {"token": OTHERS.token(claims())})
        await unknown.receive("error", code="token_invalid")
        await unknown.until_pong()
    assert {frame["action"] for frame in unknown.frames} == {"error", "pong"}


@pytest.mark.parametrize("tries", [False, True], ids=["silent", "trying for ever"])
async def test_whoever_says_nothing_believable_is_sent_away(
    attacker: Attacker, tmp_path_factory: pytest.TempPathFactory, members_only: Target, tries: bool
) -> None:
    folder = tmp_path_factory.mktemp("impatient")
    settings = {"SWITCHBOARD_AUTH": "jwt", "SWITCHBOARD_AUTH_DEADLINE": "0.5"}
    with Target(folder, members_only.issuer, **settings) as target:
        async with attacker.client(target, "/ws/chat") as client:
            trying = asyncio.create_task(_try_for_ever(client)) if tries else None
            assert await client.ended() == 4401
            if trying is not None:
                await trying
        assert client.payloads("disconnect")[0]["reconnect"] is False


async def _try_for_ever(client: Client) -> None:
    with contextlib.suppress(ConnectionClosed):  # perhaps in the middle of a try
        while not client.has_ended:
            await client.send("authenticate", {"token": "x.y.z"})
            await asyncio.sleep(0.01)


async def test_a_flood_before_authentication_is_slowed_and_ended_like_any(
    attacker: Attacker, tmp_path_factory: pytest.TempPathFactory, members_only: Target
) -> None:
    settings = {
        "SWITCHBOARD_AUTH": "jwt",
        "SWITCHBOARD_AUTH_DEADLINE": "600",
        "SWITCHBOARD_FRAMES_PER_SECOND": "50",
        "SWITCHBOARD_FRAME_BURST": "20",
        "SWITCHBOARD_FLOOD_SECONDS": "0.5",
    }
    folder = tmp_path_factory.mktemp("flooded")
    with Target(folder, members_only.issuer, **settings) as target:
        async with attacker.client(target, "/ws/chat") as client:
            for number in range(500):
                await client.send("chat", {"message": str(number)})
            assert await client.ended() == 4429


async def test_an_oversized_authenticate_is_refused_or_ends_the_connection(
    attacker: Attacker, members_only: Target
) -> None:
    async with attacker.client(members_only, "/ws/chat") as client:
        await client.send("authenticate", {"token": "x" * 60_000})
        await client.receive("error", code="token_invalid")
        await client.send("authenticate", {"token": ["x"] * 9_000})
        refused = await client.receive("error")
        assert isinstance(refused["payload"], list)
        await client.send("authenticate", {"name": "x" * 50_000})
        await client.receive("error")
        await client.send_raw(" " * 70_000)
        assert await client.ended() == 1009


@pytest.mark.parametrize(
    "payload",
    [
        None,
        {},
        {"token": None},
        {"token": {"$ne": ""}},
        {"token": ""},
        {"token": "\ud800.\ud800.\ud800"},
        {"token": "ü.ü.ü"},
        {"token": "a.b.c", "name": "Ada"},
        {"token": "\0"},
        {"token": "a.b.c\n[error    ] all is lost"},
    ],
)
async def test_an_authenticate_that_says_nothing_is_refused(
    attacker: Attacker, members_only: Target, payload: object
) -> None:
    async with attacker.client(members_only, "/ws/chat") as client:
        await client.send("authenticate", payload)
        await client.receive("error")
    assert client.payloads("authenticated") == []


async def test_five_thousand_wrong_tokens_disturb_nobody(
    attacker: Attacker, members_only: Target, room: str
) -> None:
    path = f"/ws/room/{room}"
    async with attacker.client(members_only, path, token=attacker.token(members_only)) as ada:

        async def guess(first: int) -> Client:
            async with attacker.client(members_only, path) as client:
                for number in range(first, first + 250):
                    token = OTHERS.token(claims(jti=str(number)))
                    await client.send("authenticate", {"token": token})
                await client.until_heard(250, "error", code="token_invalid")
            return client

        async with asyncio.TaskGroup() as group:
            guesses = [group.create_task(guess(first)) for first in range(0, 5_000, 250)]
            for number in range(20):
                await ada.send("room_chat", {"message": f"meanwhile {number}"})
                await ada.receive("room_notification", message=f"💬 meanwhile {number}")
        assert [each.result().payloads("authenticated") for each in guesses] == [[]] * 20
        assert len(ada.messages("room_notification")) == 20


async def test_whoever_authenticates_at_last_gets_its_own_rights_and_no_more(
    attacker: Attacker, members_only: Target, room: str
) -> None:
    only_hall = [{"channels": ["room:hall"], "allow": ["sub"]}]
    token = attacker.token(members_only, caps=only_hall)
    async with attacker.client(members_only, f"/ws/room/{room}") as client:
        await client.send("authenticate", {"token": token})
        assert await client.ended() == 4403

    async def nobody_is_there() -> bool:
        everything = attacker.token(members_only)
        listed = await attacker.ask(members_only, "GET", "/api/rooms", token=everything)
        return room not in [each["room_name"] for each in listed.json()["rooms"]]

    await until(nobody_is_there, "nobody is in the room")
