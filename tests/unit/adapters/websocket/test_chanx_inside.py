"""The canary for what we use of chanx that it doesn't document.

If a test fails here after an upgrade, read what the release changed, then `consumer.py`.
"""

import inspect
from importlib.metadata import version
from typing import Any

import pytest
from chanx.core.envelope import current_ref
from chanx.core.websocket import ChanxWebsocketConsumerMixin
from chanx.fast_channels.websocket import AsyncJsonWebsocketConsumer

from adapters.websocket.chat import ChatConsumer

CHANX = f"chanx {version('chanx')}"

METHODS: dict[str, list[str]] = {
    "receive_message": ["self", "message"],
    "handle_message_handler_error": ["self", "error", "action", "message"],
    "handle_event_handler_error": ["self", "error", "action", "event"],
    "handle_validation_error": ["self", "error"],
    "handle_channel_event": ["self", "event_payload"],
    "handle_group_message": ["self", "event"],
    "send_message": ["self", "message", "validate"],
}
"""What we call or replace of a consumer, and its parameters."""


@pytest.mark.parametrize(("name", "parameters"), METHODS.items(), ids=METHODS)
def test_a_method_that_we_rely_on_is_there(name: str, parameters: list[str]) -> None:
    method: Any = getattr(ChanxWebsocketConsumerMixin, name, None)
    assert method is not None, f"{CHANX}: {name} is gone"
    taken = list(inspect.signature(method).parameters)
    assert taken == parameters, f"{CHANX}: {name} takes {taken}"


def test_a_consumer_is_called_as_an_application_and_dispatches_messages() -> None:
    for name in ("__call__", "dispatch", "accept", "send"):
        assert callable(getattr(AsyncJsonWebsocketConsumer, name, None)), f"{CHANX}: no {name}"


def test_handlers_that_are_set_before_the_class_is_made_are_found() -> None:
    assert set(ChatConsumer._MESSAGE_HANDLER_INFO_MAP) == {"chat", "ping", "authenticate"}, CHANX
    assert set(ChatConsumer._EVENT_HANDLER_INFO_MAP) == {"system_notify"}, CHANX
    assert ChatConsumer.incoming_message_adapter is not None, CHANX


def test_the_ref_of_the_frame_being_handled_is_a_context_variable() -> None:
    assert current_ref.get() is None, CHANX
