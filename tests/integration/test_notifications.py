"""Notifications, asked of a real server by another's client."""

from tests.integration.client import Client, post
from tests.integration.conftest import Service


async def test_notifications_reach_everybody_with_their_kind(service: Service) -> None:
    async with (
        Client(service.url, "/ws/notifications") as first,
        Client(service.url2, "/ws/notifications") as second,
    ):
        connected = {"type": "system", "message": "🔔 Connected to notifications!"}
        await second.receive("notification_broadcast", **connected)
        await first.receive("notification_broadcast", **connected)
        await first.receive("notification_broadcast", **connected)
        await first.send("notification", {"message": "lunch"})
        for client in (first, second):
            await client.receive(
                "notification_broadcast", type="user", message="🔔 Notification: lunch"
            )


async def test_a_periodic_announcement_says_so(service: Service) -> None:
    async with Client(service.url2, "/ws/notifications") as client:
        body = {"channel": "notifications", "message": "tick", "periodic": True}
        await post(f"{service.url}/api/announcements", body)
        await client.receive("notification_broadcast", type="periodic", message="tick")
