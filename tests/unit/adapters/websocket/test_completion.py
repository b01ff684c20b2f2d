"""Completion frames, which chanx's test tools wait for."""

import pytest
from chanx.messages.outgoing import ErrorMessage

from adapters.websocket.chat import Chat, ChatNotification
from adapters.websocket.frames import TextPayload
from adapters.websocket.system import SystemEcho, UserMessage
from tests.frames import SOMEONE, content
from tests.unit.adapters.websocket.driving import Service, serving
from tests.waiting import DEADLINE

# chanx (2.13) collects under a timeout of asgiref's that asgiref (3.13) has deprecated.
chanx_tools = pytest.mark.filterwarnings("ignore:asgiref.timeout:DeprecationWarning")


async def test_completion_frames_are_off_unless_asked_for(service: Service) -> None:
    async with service.socket("/ws/chat") as member:
        await member.frame()
        await member.say("chat", {"message": "hello"})
        await member.say("ping")
        assert [f["action"] for f in await member.frames(2)] == ["chat_notification", "pong"]


async def test_complete_follows_every_frame_that_was_handled() -> None:
    async with serving(send_completion=True) as service, service.socket("/ws/system") as client:
        await client.frame()
        await client.say("ping")
        await client.say("user_message", {"message": "hello"})
        await client.say("nonsense")
        frames = await client.frames(6)
        assert [frame["action"] for frame in frames] == [
            "pong",
            "complete",
            "system_echo",
            "complete",
            "error",
            "complete",
        ]
        assert frames[1] == {"action": "complete", "payload": None}


async def test_group_complete_follows_every_broadcast_at_each_receiver() -> None:
    async with serving(send_completion=True) as service, service.socket("/ws/chat") as first:
        joined = await first.frames(2)
        assert [f["action"] for f in joined] == ["chat_notification", "group_complete"]
        async with service.socket("/ws/chat") as second:
            await first.frames(2)
            await second.frames(2)
            await first.say("chat", {"message": "hello"})
            assert [frame["action"] for frame in await second.frames(2)] == [
                "chat_notification",
                "group_complete",
            ]
            assert [frame["action"] for frame in await first.frames(3)] == [
                "chat_notification",
                "group_complete",
                "complete",
            ]
        assert [f["action"] for f in await first.frames(2)] == [
            "chat_notification",
            "group_complete",
        ]


@chanx_tools
async def test_chanx_s_own_tools_collect_messages_until_complete() -> None:
    async with serving(send_completion=True) as service, service.socket("/ws/system") as client:
        await client.frame()
        await client.send_message(UserMessage(payload=TextPayload(message="hello")))
        assert await client.receive_all_messages(timeout=DEADLINE) == [
            SystemEcho(payload=TextPayload(message="🔧 System Echo: hello"))
        ]


@chanx_tools
async def test_chanx_s_own_tools_collect_messages_until_group_complete() -> None:
    async with serving(send_completion=True) as service, service.socket("/ws/chat") as client:
        joined = await client.receive_all_messages("group_complete", timeout=DEADLINE)
        await client.send_message(Chat(payload=TextPayload(message="hello")))
        said = await client.receive_all_messages("group_complete", timeout=DEADLINE)
        assert [content(message.model_dump()) for message in joined + said] == [
            {"action": "chat_notification", "payload": {"message": text, "member": SOMEONE}}
            for text in ("📢 Someone joined the chat", "💬 hello")
        ]
        assert {type(message) for message in joined + said} == {ChatNotification}


@chanx_tools
async def test_chanx_s_own_tools_understand_our_refusals() -> None:
    async with serving(send_completion=True) as service, service.socket("/ws/chat") as client:
        await client.frames(2)
        await client.send_message(Chat(payload=TextPayload(message=" ")))
        (message,) = await client.receive_all_messages(timeout=DEADLINE)
        assert isinstance(message, ErrorMessage)
        assert message.payload["code"] == "text_is_empty"
