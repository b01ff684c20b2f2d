"""From domain event to wire message: the one place where the service finds its words."""

from chanx.messages.base import BaseMessage

from adapters.websocket.messages.analytics import (
    AnalyticsNotification,
    AnalyticsNotificationPayload,
)
from adapters.websocket.messages.chat import ChatNotification, ReliableChatNotification
from adapters.websocket.messages.frames import TextPayload
from adapters.websocket.messages.jobs import JobStatus, JobStatusPayload
from adapters.websocket.messages.notifications import (
    NotificationBroadcast,
    NotificationPayload,
)
from adapters.websocket.messages.rooms import RoomNotification, RoomPayload
from domain.audiences import Audience, AudienceKind
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
    NoticeRaised,
)


def encode(audience: Audience, event: Event) -> str:
    """The frame that everybody in `audience` gets. Called once per event."""
    return present(audience, event).model_dump_json()


def present(audience: Audience, event: Event) -> BaseMessage:
    """The wire message for `event`; raises `TypeError` for one its audience never hears."""
    match audience.kind:
        case AudienceKind.CHAT:
            return ChatNotification(payload=TextPayload(message=_in_chat(event)))
        case AudienceKind.RELIABLE:
            return ReliableChatNotification(payload=TextPayload(message=_in_reliable(event)))
        case AudienceKind.NOTIFICATIONS:
            return NotificationBroadcast(payload=_notification(event))
        case AudienceKind.ANALYTICS:
            return AnalyticsNotification(payload=_analytics(event))
        case AudienceKind.ROOM:
            return RoomNotification(payload=_in_room(audience.key, event))
        case AudienceKind.JOB:
            return JobStatus(payload=job_status(event))


def _in_chat(event: Event) -> str:
    match event:
        case MemberJoined():
            return f"📢 {event.member.name} joined the chat"
        case MessageSaid():
            return f"💬 {event.text}"
        case MemberLeft():
            return f"❌ {event.member.name} left the chat."
        case AnnouncementMade():
            return event.text.value
        case _:
            raise _unheard(event)


def _in_reliable(event: Event) -> str:
    match event:
        case MemberJoined():
            return "🔒 Reliable chat connection established!"
        case MessageSaid():
            return f"📨 {event.text}"
        case MemberLeft():
            return "🚪 Left reliable chat!"
        case AnnouncementMade():
            return event.text.value
        case _:
            raise _unheard(event)


def _notification(event: Event) -> NotificationPayload:
    match event:
        case MemberJoined():
            return NotificationPayload(type="system", message="🔔 Connected to notifications!")
        case NoticeRaised(kind="user"):
            return NotificationPayload(type="user", message=f"🔔 Notification: {event.text}")
        case NoticeRaised():
            return NotificationPayload(type=event.kind.value, message=event.text.value)
        case _:
            raise _unheard(event)


def _analytics(event: Event) -> AnalyticsNotificationPayload:
    match event:
        case EventRecorded():
            return AnalyticsNotificationPayload(
                event=f"📊 Analytics: {event.name}",
                data=event.data,
                name=event.name,
                count=event.count,
                total=event.total,
            )
        case AnnouncementMade():
            return AnalyticsNotificationPayload(event=event.text.value)
        case _:
            raise _unheard(event)


def _in_room(room_name: str, event: Event) -> RoomPayload:
    match event:
        case MemberJoined():
            return RoomPayload(
                message=f"🚪 {event.member.name} joined room '{room_name}'",
                room_name=room_name,
                kind="joined",
                name=event.member.name,
                members=event.members,
            )
        case MemberLeft():
            return RoomPayload(
                message=f"👋 {event.member.name} left room '{room_name}'",
                room_name=room_name,
                kind="left",
                name=event.member.name,
                members=event.members,
            )
        case MessageSaid():
            return RoomPayload(
                message=f"💬 {event.text}",
                room_name=room_name,
                kind="said",
                name=event.member.name,
            )
        case AnnouncementMade():
            return RoomPayload(message=event.text.value, room_name=room_name, kind="announced")
        case _:
            raise _unheard(event)


def job_status(event: Event) -> JobStatusPayload:
    """The words for one step of a job's way."""
    match event:
        case JobQueued():
            return JobStatusPayload(
                status="queued",
                job_id=event.job_id,
                message=(
                    f"📋 Job {event.job_id} queued successfully! Worker will process it shortly..."
                ),
            )
        case JobStarted():
            return JobStatusPayload(
                status="running",
                job_id=event.job_id,
                message="⚙️ A worker has started.",
                attempt=event.attempt,
            )
        case JobProgressed():
            return JobStatusPayload(
                status="progress",
                job_id=event.job_id,
                message=event.note,
                progress=round(event.progress, 4),
                text=event.text,
            )
        case JobSucceeded():
            return JobStatusPayload(status="result", job_id=event.job_id, message=event.result)
        case JobFailed():
            return JobStatusPayload(status="failed", job_id=event.job_id, message=event.reason)
        case JobCancelled():
            return JobStatusPayload(
                status="cancelled", job_id=event.job_id, message="🛑 The job was cancelled."
            )
        case _:
            raise _unheard(event)


def _unheard(event: Event) -> TypeError:
    return TypeError(f"{type(event).__name__} is not told to this audience")
