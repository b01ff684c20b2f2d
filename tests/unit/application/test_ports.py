"""What the ports themselves say: values that reach clients, and who may be told what."""

from application.ports import Broadcaster, LossReason, Recovery
from domain.analytics import ANALYTICS, EventRecorded
from domain.chat import CHAT
from domain.events import AnnouncementMade, MessageSaid
from domain.identity import MessageText
from tests.unit.application.people import ADA


def test_the_reasons_of_a_loss_are_the_words_of_the_protocol() -> None:
    assert {str(reason) for reason in LossReason} == {
        "expired",
        "trimmed",
        "unknown_position",
        "invalid",
    }


def test_a_recovery_is_whole_unless_a_reason_says_otherwise() -> None:
    assert Recovery(3).reason is None


async def test_an_audience_is_told_its_own_features_events_only(broadcaster: Broadcaster) -> None:
    # A promise of the types: mypy refuses an `ignore` that it does not need.
    said = MessageSaid(ADA.member, MessageText("hi"))
    recorded = EventRecorded(ADA.member, "view", None, 1, 1)
    announcement = AnnouncementMade(MessageText("hi"))

    await broadcaster.publish(CHAT, said)
    await broadcaster.publish(CHAT, announcement)
    await broadcaster.publish(ANALYTICS, recorded)
    await broadcaster.publish(ANALYTICS, announcement)
    await broadcaster.publish(CHAT, recorded)  # type: ignore[misc]
    await broadcaster.publish(ANALYTICS, said)  # type: ignore[misc]
