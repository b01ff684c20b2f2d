from tests.unit.adapters.websocket.driving import Service

CONNECTED = {
    "action": "notification_broadcast",
    "payload": {"type": "system", "message": "🔔 Connected to notifications!"},
}


async def test_whoever_connects_is_told_to_all_and_to_themselves(service: Service) -> None:
    async with service.socket("/ws/notifications") as first:
        assert await first.frame() == CONNECTED
        async with service.socket("/ws/notifications") as second:
            assert await second.frame() == CONNECTED
            assert await first.frame() == CONNECTED


async def test_a_notice_by_a_user_is_heard_by_all(service: Service) -> None:
    path = "/ws/notifications"
    async with service.socket(path) as first, service.socket(path) as second:
        await first.frames(2)
        await second.frame()
        await second.say("notification", {"message": "tea is ready"})
        for member in (first, second):
            assert await member.frame() == {
                "action": "notification_broadcast",
                "payload": {"type": "user", "message": "🔔 Notification: tea is ready"},
            }


async def test_leaving_is_told_to_nobody(service: Service) -> None:
    async with service.socket("/ws/notifications") as stays:
        async with service.socket("/ws/notifications"):
            await stays.frames(2)
        await stays.hears_nothing()
