"""Visitors who would be somebody else: by a name, a cookie, or what they call themselves."""

import pytest

from adapters.visitors import Visitors
from tests.integration.attacks.attacker import Attacker, Target
from tests.integration.program import SECRET as VISITOR_SECRET

NAMES = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "Ada\u202eadA",
    "\u200b",
    "Ada\n[error    ] all is lost",
    "\x1b[31mAda",
    "\0",
    " Ada",
    "",
    "x" * 65,
    "\ud800",
    "A\u0300" * 40,
]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
async def test_a_chosen_name_is_shown_as_text_or_refused_and_changes_nobody_s_id(
    attacker: Attacker, open_door: Target, room: str, name: str
) -> None:
    path = f"/ws/room/{room}"
    async with (
        attacker.client(open_door, path, token=attacker.token(open_door)) as ada,
        attacker.client(open_door, path) as visitor,
    ):
        await visitor.send("authenticate", {"name": name})
        await visitor.send("room_chat", {"message": "hello"})
        said = await ada.receive("room_notification", kind="said")
    member = said["payload"]["member"]
    refused = bool(visitor.payloads("error"))
    assert refused is not bool(visitor.payloads("authenticated"))
    assert refused is ("<" not in name)
    assert member["name"] == ("Someone" if refused else name)
    assert member["id"].startswith("~")


async def test_a_visitor_with_a_member_s_name_has_another_id_and_none_of_its_rights(
    attacker: Attacker, open_door: Target, room: str
) -> None:
    path = f"/ws/room/{room}"
    token = attacker.token(open_door, info={"name": "Ada"})
    async with (
        attacker.client(open_door, path, token=token) as ada,
        attacker.client(open_door, path) as visitor,
    ):
        await visitor.send("authenticate", {"name": "Ada"})
        await ada.send("room_chat", {"message": "one"})
        await visitor.send("room_chat", {"message": "two"})
        heard = [await ada.receive("room_notification", kind="said") for _ in range(2)]
    ids = {frame["payload"]["member"]["id"] for frame in heard}
    assert len(ids) == 2
    assert "ada" in ids


async def test_a_member_chooses_no_other_name(attacker: Attacker, open_door: Target) -> None:
    token = attacker.token(open_door, info={"name": "Ada"})
    async with attacker.client(open_door, "/ws/chat", token=token) as ada:
        await ada.send("authenticate", {"name": "Bob"})
        await ada.receive("error", code="member_changed")
        await ada.send("chat", {"message": "hello"})
        said = await ada.receive("chat_notification", message="💬 hello")
    assert said["payload"]["member"] == {"id": "ada", "name": "Ada"}


COOKIES = [
    "switchboard_visitor={key}",
    "switchboard_visitor={key}.{key}",
    "switchboard_visitor={key}." + "0" * 32,
    "switchboard_visitor={signed}; switchboard_visitor={other}",
    "switchboard_visitor={signed}x",
    "__Host-switchboard_visitor={signed}",
    "switchboard_visitor=" + "x" * 4_000,
    "switchboard_visitor=\t; switchboard_visitor",
]


@pytest.mark.parametrize("cookie", COOKIES, ids=range(len(COOKIES)))
async def test_a_forged_or_planted_cookie_makes_nobody_that_visitor(
    attacker: Attacker, open_door: Target, room: str, cookie: str
) -> None:
    visitors = Visitors(VISITOR_SECRET)
    key, other = "1" * 32, "2" * 32
    theirs = f"switchboard_visitor={visitors.signed(key)}"
    sent = cookie.format(key=key, signed=visitors.signed(key), other=visitors.signed(other))
    path = f"/ws/room/{room}"
    async with (
        attacker.client(open_door, path, headers={"Cookie": theirs}) as victim,
        attacker.client(open_door, path, headers={"Cookie": sent}) as mallory,
    ):
        for client in (victim, mallory):
            await client.send("room_chat", {"message": "hello"})
        heard = [await victim.receive("room_notification", kind="said") for _ in range(2)]
    assert len({frame["payload"]["member"]["id"] for frame in heard}) == 2
