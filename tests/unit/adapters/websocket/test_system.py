from tests.unit.adapters.websocket.driving import Service


async def test_connecting_is_greeted(service: Service) -> None:
    async with service.socket("/ws/system") as client:
        assert await client.frame() == {
            "action": "system_echo",
            "payload": {"message": "🔧 System: Connection established!"},
        }


async def test_what_is_said_comes_back(service: Service) -> None:
    async with service.socket("/ws/system") as client:
        await client.frame()
        await client.say("user_message", {"message": "Grüße 👋"})
        assert await client.frame() == {
            "action": "system_echo",
            "payload": {"message": "🔧 System Echo: Grüße 👋"},
        }


async def test_an_echo_is_heard_by_nobody_else(service: Service) -> None:
    async with service.socket("/ws/system") as client, service.socket("/ws/system") as other:
        await other.frame()
        await client.say("user_message", {"message": "hello"})
        await client.frames(2)
        await other.hears_nothing()
