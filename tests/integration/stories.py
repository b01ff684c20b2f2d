"""One story for all: it has a beginning and an end, and everybody is told it in the same words."""

from collections.abc import Sequence
from functools import partial
from itertools import zip_longest

from tests.integration.client import Client
from tests.integration.wanderers import BEGINNING, END, Lane, Speaker, Wanderer


async def begin(url: str, lane: Lane) -> str:
    """The place from which on everybody is to hear everything."""
    async with Client(url, lane.path) as client:
        await client.send(lane.says, {"message": BEGINNING})
        said = await client.receive(lane.hears, message=lane.mark + BEGINNING)
    return str(said["cursor"])


async def talk_is_heard(speakers: Sequence[Speaker], listeners: Sequence[Wanderer]) -> None:
    """Return when all listeners have heard something new from each speaker of their audience."""
    for speaker in speakers:
        count = len(speaker.accepted)
        for listener in listeners:
            if listener.lane == speaker.lane:
                goes_on = partial(_has_heard_more, listener, speaker, count)
                await listener.until(goes_on, f"{speaker.name} goes on")


def _has_heard_more(listener: Wanderer, speaker: Speaker, count: int) -> bool:
    return any(listener.has_heard(text) for text in speaker.accepted[count:])


async def finish(url: str, lane: Lane, listeners: Sequence[Wanderer]) -> None:
    """Say the end, and return when all have heard it."""
    async with Client(url, lane.path) as client:
        await client.send(lane.says, {"message": END})
        for listener in listeners:
            await listener.until(partial(listener.has_heard, END), END)


def check_stories(listeners: Sequence[Wanderer], speakers: Sequence[Speaker]) -> None:
    """All have heard the same in the same order: whatever was accepted, and that once."""
    story = listeners[0].story()
    for listener in listeners:
        told = [pair for pair in zip_longest(story, listener.story()) if pair[0] != pair[1]]
        assert not told, f"{listeners[0].name} and {listener.name} heard differently: {told[:1]}"
        assert all(each["recovered"] for each in listener.recoveries), listener.recoveries
    assert len({frame["cursor"] for frame in story}) == len(story)
    texts = [frame["payload"]["message"] for frame in story]
    for speaker in speakers:
        mark = speaker.lane.mark
        said = [text for text in texts if text.startswith(f"{mark}{speaker.name} says ")]
        assert said == [mark + text for text in speaker.accepted]
