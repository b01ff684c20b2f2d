"""Every audience's words for every event: `protocol.md`, line by line."""

import json
from typing import Any

import pytest

from adapters.websocket.presenter import encode, present
from domain import audiences
from domain.audiences import ANALYTICS, CHAT, NOTIFICATIONS, RELIABLE, Audience, AudienceKind
from domain.events import (
    AnnouncementMade,
    Event,
    EventRecorded,
    JobCancelled,
    JobFailed,
    JobProgressed,
    JobQueued,
    JobStarted,
    JobSucceeded,
    MemberJoined,
    MemberLeft,
    MessageSaid,
    NoticeKind,
    NoticeRaised,
)
from domain.identity import JobId, Member, MemberId, MessageText, RoomName

SOMEONE = Member(MemberId("1"))
ANNA = Member(MemberId("2"), "Anna")
TEXT = MessageText("hello")
JOB = JobId("j1")
ROOM = audiences.room(RoomName("lobby"))
OF_JOB = audiences.job(JOB)

HEARD: list[tuple[Audience, Event, dict[str, Any]]] = [
    (
        CHAT,
        MemberJoined(SOMEONE),
        {"action": "chat_notification", "payload": {"message": "📢 Someone joined the chat"}},
    ),
    (
        CHAT,
        MemberJoined(ANNA),
        {"action": "chat_notification", "payload": {"message": "📢 Anna joined the chat"}},
    ),
    (
        CHAT,
        MessageSaid(SOMEONE, TEXT),
        {"action": "chat_notification", "payload": {"message": "💬 hello"}},
    ),
    (
        CHAT,
        MemberLeft(SOMEONE),
        {"action": "chat_notification", "payload": {"message": "❌ Someone left the chat."}},
    ),
    (
        CHAT,
        AnnouncementMade(TEXT),
        {"action": "chat_notification", "payload": {"message": "hello"}},
    ),
    (
        RELIABLE,
        MemberJoined(SOMEONE),
        {
            "action": "reliable_chat_notification",
            "payload": {"message": "🔒 Reliable chat connection established!"},
        },
    ),
    (
        RELIABLE,
        MessageSaid(SOMEONE, TEXT),
        {"action": "reliable_chat_notification", "payload": {"message": "📨 hello"}},
    ),
    (
        RELIABLE,
        MemberLeft(SOMEONE),
        {"action": "reliable_chat_notification", "payload": {"message": "🚪 Left reliable chat!"}},
    ),
    (
        RELIABLE,
        AnnouncementMade(TEXT),
        {"action": "reliable_chat_notification", "payload": {"message": "hello"}},
    ),
    (
        NOTIFICATIONS,
        MemberJoined(SOMEONE),
        {
            "action": "notification_broadcast",
            "payload": {"type": "system", "message": "🔔 Connected to notifications!"},
        },
    ),
    (
        NOTIFICATIONS,
        NoticeRaised(NoticeKind.USER, TEXT),
        {
            "action": "notification_broadcast",
            "payload": {"type": "user", "message": "🔔 Notification: hello"},
        },
    ),
    (
        NOTIFICATIONS,
        NoticeRaised(NoticeKind.SYSTEM, TEXT),
        {
            "action": "notification_broadcast",
            "payload": {"type": "system", "message": "hello"},
        },
    ),
    (
        NOTIFICATIONS,
        NoticeRaised(NoticeKind.PERIODIC, TEXT),
        {
            "action": "notification_broadcast",
            "payload": {"type": "periodic", "message": "hello"},
        },
    ),
    (
        ANALYTICS,
        EventRecorded("click", {"x": [1]}, 2, 3),
        {
            "action": "analytics_notification",
            "payload": {
                "event": "📊 Analytics: click",
                "data": {"x": [1]},
                "name": "click",
                "count": 2,
                "total": 3,
            },
        },
    ),
    (
        ANALYTICS,
        AnnouncementMade(TEXT),
        {
            "action": "analytics_notification",
            "payload": {
                "event": "hello",
                "data": None,
                "name": None,
                "count": None,
                "total": None,
            },
        },
    ),
    (
        ROOM,
        MemberJoined(SOMEONE, 2),
        {
            "action": "room_notification",
            "payload": {
                "message": "🚪 Someone joined room 'lobby'",
                "room_name": "lobby",
                "kind": "joined",
                "name": "Someone",
                "members": 2,
            },
        },
    ),
    (
        ROOM,
        MemberLeft(ANNA, 0),
        {
            "action": "room_notification",
            "payload": {
                "message": "👋 Anna left room 'lobby'",
                "room_name": "lobby",
                "kind": "left",
                "name": "Anna",
                "members": 0,
            },
        },
    ),
    (
        ROOM,
        MessageSaid(ANNA, TEXT),
        {
            "action": "room_notification",
            "payload": {
                "message": "💬 hello",
                "room_name": "lobby",
                "kind": "said",
                "name": "Anna",
            },
        },
    ),
    (
        ROOM,
        AnnouncementMade(TEXT),
        {
            "action": "room_notification",
            "payload": {"message": "hello", "room_name": "lobby", "kind": "announced"},
        },
    ),
    (
        OF_JOB,
        JobQueued(JOB),
        {
            "action": "job_status",
            "payload": {
                "status": "queued",
                "job_id": "j1",
                "message": "📋 Job j1 queued successfully! Worker will process it shortly...",
            },
        },
    ),
    (
        OF_JOB,
        JobStarted(JOB, 2),
        {
            "action": "job_status",
            "payload": {
                "status": "running",
                "job_id": "j1",
                "message": "⚙️ A worker has started.",
                "attempt": 2,
            },
        },
    ),
    (
        OF_JOB,
        JobProgressed(JOB, 1 / 3, "Writing", "so far"),
        {
            "action": "job_status",
            "payload": {
                "status": "progress",
                "job_id": "j1",
                "message": "Writing",
                "progress": 0.3333,
                "text": "so far",
            },
        },
    ),
    (
        OF_JOB,
        JobProgressed(JOB, 0.5, "Processing"),
        {
            "action": "job_status",
            "payload": {
                "status": "progress",
                "job_id": "j1",
                "message": "Processing",
                "progress": 0.5,
            },
        },
    ),
    (
        OF_JOB,
        JobSucceeded(JOB, "✅ done"),
        {
            "action": "job_status",
            "payload": {"status": "result", "job_id": "j1", "message": "✅ done"},
        },
    ),
    (
        OF_JOB,
        JobFailed(JOB, "no luck"),
        {
            "action": "job_status",
            "payload": {"status": "failed", "job_id": "j1", "message": "no luck"},
        },
    ),
    (
        OF_JOB,
        JobCancelled(JOB),
        {
            "action": "job_status",
            "payload": {
                "status": "cancelled",
                "job_id": "j1",
                "message": "🛑 The job was cancelled.",
            },
        },
    ),
]

AUDIENCES = (CHAT, RELIABLE, NOTIFICATIONS, ANALYTICS, ROOM, OF_JOB)
UNHEARD = [
    (audience, event)
    for audience in AUDIENCES
    for event in {type(event): event for _, event, _ in HEARD}.values()
    if not any(heard == audience and type(told) is type(event) for heard, told, _ in HEARD)
]


def named(value: object) -> str | None:
    if isinstance(value, Audience):
        return value.kind.value
    return None if isinstance(value, dict) else type(value).__name__


@pytest.mark.parametrize(("audience", "event", "frame"), HEARD, ids=named)
def test_an_event_is_told_in_the_words_of_its_audience(
    audience: Audience, event: Event, frame: dict[str, Any]
) -> None:
    assert json.loads(encode(audience, event)) == frame


@pytest.mark.parametrize(("audience", "event"), UNHEARD, ids=named)
def test_an_event_an_audience_never_hears_is_a_mistake(audience: Audience, event: Event) -> None:
    with pytest.raises(TypeError, match=type(event).__name__):
        present(audience, event)


def test_every_kind_of_audience_is_told_something() -> None:
    assert {audience.kind for audience, _, _ in HEARD} == set(AudienceKind)


@pytest.mark.parametrize(("audience", "event", "frame"), HEARD, ids=named)
def test_a_frame_begins_with_its_action(
    audience: Audience, event: Event, frame: dict[str, Any]
) -> None:
    # What is logged of a frame is read from its beginning.
    assert encode(audience, event).startswith(f'{{"action":"{frame["action"]}",')
