"""The container and the applications made of it."""

import asyncio
import inspect
from collections.abc import Iterable, Iterator
from types import UnionType
from typing import Any, get_args, get_origin

import pytest
from dependency_injector import providers
from fast_channels.layers import get_channel_layer

import bootstrap
from adapters.lane_table import LANES
from adapters.sessions.session import Session
from adapters.settings import BackendName
from adapters.websocket.consumer import FeatureConsumer, MakeFeature
from application.chat import ChatService
from container import BACKENDS, Container
from domain.identity import OPERATOR, Caller, RoomName
from tests.unit.adapters.sessions.wire import Wire
from tests.unit.adapters.websocket.asking import ask_until, asking
from tests.unit.adapters.websocket.driving import serving, settings_of
from tests.waiting import eventually

UNREACHABLE = "redis://127.0.0.1:1/0"
"""Nobody listens there: whatever connected to it would fail."""


both_backends = pytest.mark.parametrize("backend", list(BackendName))


def container_of(backend: BackendName) -> Container:
    return bootstrap.create_container(settings_of(backend=backend, redis_url=UNREACHABLE))


def wired(container: Container) -> Iterator[tuple[str, object, Any]]:
    """Every argument that the container gives: its name, its value, what its annotation says."""
    kinds = [providers.Factory, providers.BaseSingleton]
    found: Iterable[Any] = container.traverse(types=kinds)
    for provider in found:
        signature = inspect.signature(provider.provides, eval_str=True)
        positional = [resolved(value) for value in provider.args]
        named = {name: resolved(value) for name, value in provider.kwargs.items()}
        # A feature is given the rest by the socket that it is on.
        for name, value in signature.bind_partial(*positional, **named).arguments.items():
            where = f"{provider.provides.__name__}({name})"
            yield where, value, signature.parameters[name].annotation


def resolved(value: object) -> object:
    return value() if isinstance(value, providers.Provider) else value


def fits(value: object, hint: Any) -> bool:
    """Whether a value is of an annotated type. A port's implementation inherits from the port."""
    if get_origin(hint) is UnionType:
        return any(fits(value, each) for each in get_args(hint))
    if get_origin(hint) is not None:
        return isinstance(value, get_origin(hint))
    return isinstance(value, int | float) if hint is float else hint in type(value).__mro__


@both_backends
async def test_everything_in_the_container_can_be_built(backend: BackendName) -> None:
    container = container_of(backend)
    for name, provider in container.providers.items():
        built = provider()
        expected = getattr(provider, "cls", None)
        assert built is not None, name
        assert not isinstance(expected, type) or type(built) is expected, name
        assert not asyncio.isfuture(built), name


@both_backends
async def test_every_constructor_is_given_values_of_the_types_it_asks_for(
    backend: BackendName,
) -> None:
    arguments = list(wired(container_of(backend)))
    assert len(arguments) > 50
    for where, value, annotation in arguments:
        assert fits(value, annotation), f"{where} is {value!r}"


def test_there_is_a_backend_for_each_name() -> None:
    assert set(BACKENDS) == set(BackendName)


@both_backends
async def test_every_socket_has_a_feature_that_can_be_built(backend: BackendName) -> None:
    container = container_of(backend)
    make: dict[type[FeatureConsumer], MakeFeature] = container.features()
    session = Session(container.registry(), Wire(), Caller(OPERATOR))
    for consumer, factory in make.items():
        first, second = (factory(session, {"room_name": "lobby"}) for _ in range(2))
        assert type(first) is consumer.feature_class
        assert first is not second


@both_backends
async def test_an_application_can_be_built_without_reaching_its_backend(
    backend: BackendName,
) -> None:
    app = bootstrap.create_app(container_of(backend))
    assert app.title == "Switchboard"


@both_backends
def test_a_backend_brings_all_that_differs(backend: BackendName) -> None:
    found = container_of(backend).backend()
    assert set(found.lanes) == set(LANES)
    for role in ("presence", "tally", "job_records", "job_queue", "tickets", "revocations"):
        assert getattr(found, role) is not None


def test_services_are_shared_within_a_container_and_not_between_two() -> None:
    first, second = container_of(BackendName.MEMORY), container_of(BackendName.MEMORY)
    for name in ("chat", "rooms", "jobs", "broadcaster", "registry", "backend"):
        assert getattr(first, name)() is getattr(first, name)()
        assert getattr(first, name)() is not getattr(second, name)()


def test_a_container_without_settings_says_so() -> None:
    with pytest.raises(Exception, match="settings"):
        Container().settings()


def test_a_double_put_into_the_container_reaches_whoever_needs_it() -> None:
    container = container_of(BackendName.MEMORY)
    double = object()
    container.broadcaster.override(providers.Object(double))
    chat: ChatService = container.chat()
    assert chat._broadcaster is double


async def test_two_applications_live_one_after_the_other_each_with_its_settings() -> None:
    for limit in (3, 30):
        async with serving(text_limit=limit) as service, service.socket("/ws/room/a") as client:
            await client.say("room_chat", {"message": "x" * limit})
            assert (await client.frame())["action"] == "room_notification"
            await client.say("room_chat", {"message": "x" * (limit + 1)})
            assert (await client.payload("error"))["code"] == "text_is_too_long"
            # What was said: nothing of the application before.
            rooms, room = service.container.rooms(), RoomName.parse("a")
            assert len(await rooms.recent(room, Caller(OPERATOR), 10)) == 1


async def test_two_applications_at_once_do_not_hear_each_other() -> None:
    async with (
        serving() as first,
        serving() as second,
        first.socket("/ws/chat") as here,
        second.socket("/ws/chat") as there,
    ):
        await here.frame()
        await there.frame()
        await here.say("chat", {"message": "hello"})
        await here.frame()
        await there.hears_nothing()


async def test_channel_layers_are_there_while_the_application_runs() -> None:
    assert [name for name in LANES if get_channel_layer(name) is not None] == []
    async with serving():
        assert all(get_channel_layer(name) is not None for name in LANES)
    assert [name for name in LANES if get_channel_layer(name) is not None] == []


async def test_an_application_that_stopped_leaves_no_task_behind() -> None:
    before = asyncio.all_tasks()
    async with serving(job_slots=3, job_pace=100) as service, asking(service) as client:
        await ask_until(client, "running")
    await eventually(lambda: asyncio.all_tasks() == before)


async def test_an_application_that_failed_while_running_still_cleans_up() -> None:
    before = asyncio.all_tasks()
    with pytest.raises(RuntimeError, match="while running"):
        async with serving():
            raise RuntimeError("while running")
    await eventually(lambda: asyncio.all_tasks() == before)
    assert get_channel_layer("chat") is None
