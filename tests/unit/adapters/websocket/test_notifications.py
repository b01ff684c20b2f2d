from domain.events import AnnouncementMade, MemberJoined, MessageSaid
from domain.identity import Member, MemberId, MessageText
from domain.notifications import NOTIFICATIONS
from tests.frames import SOMEONE, content
from tests.unit.adapters.websocket.driving import Service
from tests.unit.adapters.websocket.presenting import assert_told

ANNA = Member(MemberId("2"), "Anna")
BY_ANNA = {"member": {"id": "2", "name": "Anna"}}
TEXT = MessageText("hello")


CONNECTED = {
    "action": "notification_broadcast",
    "payload": {"type": "system", "message": "🔔 Connected to notifications!", "member": SOMEONE},
}


async def test_whoever_connects_is_told_to_all_and_to_themselves(service: Service) -> None:
    async with service.socket("/ws/notifications") as first:
        assert content(await first.frame()) == CONNECTED
        async with service.socket("/ws/notifications") as second:
            assert content(await second.frame()) == CONNECTED
            assert content(await first.frame()) == CONNECTED


async def test_a_notice_by_a_user_is_heard_by_all(service: Service) -> None:
    path = "/ws/notifications"
    async with service.socket(path) as first, service.socket(path) as second:
        await first.frames(2)
        await second.frame()
        await second.say("notification", {"message": "tea is ready"})
        for member in (first, second):
            assert content(await member.frame()) == {
                "action": "notification_broadcast",
                "payload": {
                    "type": "user",
                    "message": "🔔 Notification: tea is ready",
                    "member": SOMEONE,
                },
            }


async def test_leaving_is_told_to_nobody(service: Service) -> None:
    async with service.socket("/ws/notifications") as stays:
        async with service.socket("/ws/notifications"):
            await stays.frames(2)
        await stays.hears_nothing()


def test_notifications_tell_every_event_in_their_words() -> None:
    assert_told(
        NOTIFICATIONS,
        "notification_broadcast",
        [
            (
                MemberJoined(ANNA),
                {"type": "system", "message": "🔔 Connected to notifications!", **BY_ANNA},
            ),
            (
                MessageSaid(ANNA, TEXT),
                {"type": "user", "message": "🔔 Notification: hello", **BY_ANNA},
            ),
            (AnnouncementMade(TEXT), {"type": "system", "message": "hello"}),
            (AnnouncementMade(TEXT, periodic=True), {"type": "periodic", "message": "hello"}),
        ],
    )
