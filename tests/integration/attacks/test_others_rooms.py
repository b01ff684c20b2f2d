"""Rooms that one has no right to: by no spelling, no cursor and no other way in."""

from collections.abc import Mapping
from urllib.parse import quote

import pytest

from tests.integration.attacks.attacker import LET_IN, Attacker, Target, caps


async def said_in(attacker: Attacker, target: Target, room: str, text: str) -> str:
    """The cursor of a message by somebody who may say it."""
    path, token = f"/ws/room/{quote(room)}", attacker.token(target, sub="owner")
    async with attacker.client(target, path, token=token) as owner:
        await owner.send("room_chat", {"message": text})
        frame = await owner.receive("room_notification", message=f"💬 {text}")
    return str(frame["cursor"])


PATTERNS: Mapping[str, tuple[list[str], str]] = {
    # What is granted, and a room that it doesn't reach.
    "a room, and one below it": (["room:team"], "team:secret"),
    "the rooms below, and the one above": (["room:team:*"], "team"),
    "a neighbour that begins the same": (["room:team:*"], "team2:secret"),
    "a star within a word": (["room:tea*"], "team"),
    "a star for one segment": (["room:*:public"], "team:a:public"),
    "a star as a name": (["room:*:x"], "*"),
    "a room called star": (["room:lobby"], "*"),
    "a room that looks like a grant": (["room:team"], "team:*"),
    "colons for a path": (["room:team:"], "team"),
    "an empty segment": (["room::secret"], "secret"),
    "another letter that looks the same": (["room:lobby"], "lоbby"),
    "another case": (["room:lobby"], "Lobby"),
    "a letter in two parts": (["room:caf\u00e9"], "cafe\u0301"),
    "wide letters": (["room:lobby"], "ｌｏｂｂｙ"),
    "a ligature": (["room:office"], "oﬃce"),
    "a colon that looks like one": (["room:team:*"], "team：secret"),
    "a channel as a room": (["chat"], "chat"),
    "a job as a room": (["job:*"], "job:1"),
    "a pattern of another language": (["room:.+", "room:?", "room:[a-z]*", "room:%"], "secret"),
    "a room's pattern without a kind": (["secret", ":secret"], "secret"),
    "a star on another kind": (["chat:*", "job:*", "rooms:*"], "secret"),
}


@pytest.mark.parametrize(("granted", "room"), PATTERNS.values(), ids=PATTERNS.keys())
async def test_a_right_reaches_no_further_than_it_says(
    attacker: Attacker, members_only: Target, granted: list[str], room: str
) -> None:
    await said_in(attacker, members_only, room, "for us alone")
    token = attacker.token(members_only, sub="mallory", caps=caps(*granted))
    named = quote(room)
    assert await attacker.knock(members_only, f"/ws/room/{named}", token=token) == 403
    history = f"/api/rooms/{named}/history"
    answer = await attacker.ask(members_only, "GET", history, token=token)
    assert answer.status_code == 403
    told = {"channel": f"room:{room}", "message": "from mallory"}
    announced = await attacker.ask(members_only, "POST", "/api/announcements", told, token=token)
    assert announced.status_code == 403
    async with attacker.client(
        members_only, f"/ws/room/{named}", token=attacker.token(members_only, sub="owner")
    ):
        listed = await attacker.ask(members_only, "GET", "/api/rooms", token=token)
    assert room not in [each["room_name"] for each in listed.json()["rooms"]]


PATHS = [
    "/ws/room/%73ecret",
    "/ws/room/%53ecret/../secret",
    "/ws/room/lobby/../secret",
    "/ws/room/lobby%2F..%2Fsecret",
    "/ws/room/./secret",
    "//ws/room/secret",
    "/ws//room/secret",
    "/ws/room//secret",
    "/ws/room/secret/",
    "/ws/room/secret%2F",
    "/ws/room/secret%00",
    "/ws/room/secret%0A",
    "/ws/room/secret%20",
    "/ws/room/secret;lobby",
    "/ws/room/lobby%00secret",
    "/WS/room/secret",
    "/ws/room/%252e%252e/secret",
    "/ws/room/%C0%AEsecret",
    "/ws/room/secret%23lobby",
    "/ws/chat/../room/secret",
    "/ws/reliable",
    "/ws/chat",
    "/ws/notifications",
    "/ws/analytics",
    "/ws/background_jobs",
]


@pytest.mark.parametrize("path", PATHS)
async def test_no_spelling_of_a_path_leads_past_the_rights(
    attacker: Attacker, members_only: Target, path: str
) -> None:
    token = attacker.token(members_only, sub="mallory", caps=caps("room:lobby"))
    async with attacker.client(
        members_only, "/ws/room/secret", token=attacker.token(members_only, sub="owner")
    ) as owner:
        status = await attacker.knock(members_only, path, token=token)
        if status == LET_IN:
            # Of a path that names nothing, the reason comes as a frame.
            async with attacker.client(members_only, path, token=token) as mallory:
                assert await mallory.ended() == 4400
            assert {frame["action"] for frame in mallory.frames} == {"disconnect"}
        assert status in {LET_IN, 400, 403, 404}
        await owner.until_pong()
    assert owner.payloads("room_notification") == []


@pytest.mark.parametrize(
    ("allow", "may"),
    [
        (["sub"], set()),
        (["sub", "prs"], {"prs"}),
        (["sub", "hst"], {"hst"}),
        (["sub", "pub"], {"pub"}),
    ],
    ids=lambda it: "-".join(sorted(it)) or "-",
)
async def test_in_a_room_each_deed_asks_for_its_own_right(
    attacker: Attacker, members_only: Target, room: str, allow: list[str], may: set[str]
) -> None:
    cursor = await said_in(attacker, members_only, room, "before")
    token = attacker.token(members_only, sub="mallory", caps=caps(f"room:{room}", allow=allow))
    path = f"/ws/room/{room}"
    async with attacker.client(members_only, path, token=token) as client:
        for action, payload, right in (
            ("room_chat", {"message": "hello"}, "pub"),
            ("room_members", None, "prs"),
        ):
            await client.send(action, payload)
            answer = await client.receive("error" if right not in may else _ANSWERS[action])
            assert right in may or answer["payload"]["code"] == "not_allowed"
    back = await attacker.knock(members_only, f"{path}?since={quote(cursor)}", token=token)
    assert back == (LET_IN if "hst" in may else 403)
    history = await attacker.ask(members_only, "GET", f"/api/rooms/{room}/history", token=token)
    assert history.status_code == (200 if "hst" in may else 403)
    assert ("before" in history.text) is ("hst" in may)


_ANSWERS = {"room_chat": "room_notification", "room_members": "room_members"}


@pytest.mark.parametrize("path", ["/ws/room/lobby", "/ws/reliable", "/ws/analytics"])
async def test_the_cursor_of_another_room_gives_nothing_of_it(
    attacker: Attacker, members_only: Target, room: str, path: str
) -> None:
    cursor = await said_in(attacker, members_only, room, "for us alone")
    token = attacker.token(
        members_only, sub="mallory", caps=caps("room:lobby", "reliable", "analytics")
    )
    async with attacker.client(members_only, path, token=token, since=cursor) as client:
        recovered = await client.receive("recovered")
    assert recovered["payload"]["recovered"] is False
    assert "for us alone" not in str(client.frames)


@pytest.mark.parametrize(
    "channel",
    ["chat", "reliable", "notifications", "analytics", "room:secret", "room:*", "*", "job:*", ""],
)
async def test_nothing_is_announced_where_one_may_not_speak(
    attacker: Attacker, members_only: Target, channel: str
) -> None:
    token = attacker.token(
        members_only, caps=[*caps("room:lobby"), *caps("*", allow=["sub", "hst", "prs"])]
    )
    told = {"channel": channel, "message": "from mallory"}
    answer = await attacker.ask(members_only, "POST", "/api/announcements", told, token=token)
    assert answer.status_code in {400, 403}


@pytest.mark.parametrize("path", ["/metrics", "/api/tokens", "/api/revocations"])
async def test_what_is_the_operators_is_for_no_member(
    attacker: Attacker, members_only: Target, path: str
) -> None:
    token = attacker.token(members_only, caps=caps("*"))
    body = {"sub": "root", "expires_in": 60, "targets": ["sub:ada"]}
    method = "GET" if path == "/metrics" else "POST"
    member = await attacker.ask(members_only, method, path, body, token=token)
    stranger = await attacker.ask(members_only, method, path, body)
    assert [member.status_code, stranger.status_code] == [403, 401]
