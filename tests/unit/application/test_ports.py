"""Values of the ports that reach clients as they are."""

from application.ports import LossReason, Recovery


def test_the_reasons_of_a_loss_are_the_words_of_the_protocol() -> None:
    assert {str(reason) for reason in LossReason} == {
        "expired",
        "trimmed",
        "unknown_position",
        "invalid",
    }


def test_a_recovery_is_whole_unless_a_reason_says_otherwise() -> None:
    assert Recovery(3).reason is None
