"""What broadcasting promises whoever comes back, or asks what was said."""

from typing import Any

import pytest

from application.ports import Cursor, LossReason, Recovery
from domain.audiences import Audience
from tests.contracts.broadcasting import EPHEMERAL, Broadcasting, durable, everywhere, said, texts
from tests.doubles import RecordingSubscriber


class BroadcasterHistoryContract:
    """Takes the fixture `broadcaster` (`Broadcasting`): it encodes with `encode`, its lanes have
    `PLANS`, and one connection may have `SUBSCRIPTION_LIMIT` subscriptions."""

    @durable
    async def test_whoever_comes_back_with_a_cursor_gets_what_was_missed(
        self, broadcaster: Broadcasting, audience: Audience[Any]
    ) -> None:
        ada = RecordingSubscriber()
        await broadcaster.subscribe(audience, ada)
        await broadcaster.publish(audience, said("seen"))
        await ada.wait_for(1)
        await broadcaster.drop(ada)
        await broadcaster.publish(audience, said("missed"))

        recovery = await broadcaster.subscribe(audience, ada, since=ada.cursor)
        await broadcaster.publish(audience, said("live"))

        assert recovery == Recovery(1)
        assert ada.recoveries == [recovery]
        assert texts(await ada.wait_for(3)) == ["seen", "missed", "live"]

    @durable
    async def test_a_position_that_can_not_be_honoured_is_told(
        self, broadcaster: Broadcasting, audience: Audience[Any]
    ) -> None:
        await broadcaster.publish(audience, said("left"))
        ada = RecordingSubscriber()

        recovery = await broadcaster.subscribe(audience, ada, since=Cursor("nonsense"))

        assert recovery == Recovery(1, LossReason.INVALID)
        assert ada.recoveries == [recovery]
        assert texts(ada.frames) == ["left"]

    @durable
    async def test_a_newcomer_can_be_told_the_newest_event_first(
        self, broadcaster: Broadcasting, audience: Audience[Any]
    ) -> None:
        await broadcaster.publish(audience, said("old"))
        await broadcaster.publish(audience, said("newest"))
        ada = RecordingSubscriber()

        await broadcaster.subscribe(audience, ada, replay_last=True)
        await broadcaster.publish(audience, said("live"))

        assert texts(await ada.wait_for(2)) == ["newest", "live"]

    @durable
    async def test_history_holds_the_newest_oldest_first(
        self, broadcaster: Broadcasting, audience: Audience[Any]
    ) -> None:
        for text in ("one", "two", "three"):
            await broadcaster.publish(audience, said(text))

        assert texts(await broadcaster.recent(audience, 2)) == ["two", "three"]
        assert texts(await broadcaster.recent(audience, 9)) == ["one", "two", "three"]

    @everywhere
    async def test_an_audience_never_told_anything_has_no_history(
        self, broadcaster: Broadcasting, audience: Audience[Any]
    ) -> None:
        assert await broadcaster.recent(audience, 9) == []

    @pytest.mark.parametrize("audience", EPHEMERAL, ids=lambda it: it.kind.value)
    async def test_what_was_said_on_an_ephemeral_lane_is_gone(
        self, broadcaster: Broadcasting, audience: Audience[Any]
    ) -> None:
        await broadcaster.publish(audience, said("gone"))
        ada = RecordingSubscriber()

        recovery = await broadcaster.subscribe(audience, ada, since=Cursor("any"), replay_last=True)

        assert recovery is None
        assert (ada.frames, ada.recoveries) == ([], [])
        assert await broadcaster.recent(audience, 9) == []

    @durable
    async def test_a_cursor_names_its_audience(
        self, broadcaster: Broadcasting, audience: Audience[Any]
    ) -> None:
        ada = RecordingSubscriber()
        await broadcaster.subscribe(audience, ada)
        await broadcaster.publish(audience, said("one"))
        await ada.wait_for(1)

        assert broadcaster.audience_of(ada.cursor) == audience

    @pytest.mark.parametrize(
        "cursor", ["", "nonsense", "room.lobby", "nobody~000000000000-1-1", "💥", "\x00"]
    )
    async def test_what_is_no_cursor_names_no_audience(
        self, broadcaster: Broadcasting, cursor: str
    ) -> None:
        assert broadcaster.audience_of(Cursor(cursor)) is None
