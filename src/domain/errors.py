"""The tree of broken rules. Each has a stable `code` that clients may branch on."""

from typing import ClassVar


class BrokenRule(Exception):
    """What was asked for breaks a rule of the domain; asking again changes nothing.

    `code` is stable and part of the protocol; `detail` is a sentence for people that
    never repeats the caller's own text.
    """

    code: ClassVar[str] = "broken_rule"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class TextIsEmpty(BrokenRule):
    code = "text_is_empty"


class TextIsTooLong(BrokenRule):
    code = "text_is_too_long"


class TextIsNotUnicode(BrokenRule):
    """Lone surrogates: JSON can spell them, UTF-8 can't hold them."""

    code = "text_is_not_unicode"


class IdempotencyKeyIsImpossible(BrokenRule):
    code = "send_key_is_impossible"


class RoomNameIsImpossible(BrokenRule):
    code = "room_name_is_impossible"


class RoomIsFull(BrokenRule):
    code = "room_is_full"


class EventIsImpossible(BrokenRule):
    code = "event_is_impossible"


class ChannelIsUnknown(BrokenRule):
    code = "channel_is_unknown"


class JobIsUnknown(BrokenRule):
    """Also the answer for a job that exists but is hidden from the caller."""

    code = "job_is_unknown"


class JobIsNotYours(BrokenRule):
    code = "job_is_not_yours"


class JobIsOver(BrokenRule):
    code = "job_is_over"


class JobIsNotRunning(BrokenRule):
    code = "job_is_not_running"


class JobTakesNoInput(BrokenRule):
    code = "job_takes_no_input"


class JobInputIsFull(BrokenRule):
    code = "job_input_is_full"


class TransitionIsImpossible(BrokenRule):
    """A job was asked to go from one state to another that its table does not allow."""

    code = "transition_is_impossible"


class MemberNameIsImpossible(BrokenRule):
    code = "member_name_is_impossible"


class CapabilitiesAreImpossible(BrokenRule):
    code = "capabilities_are_impossible"


class RevocationIsImpossible(BrokenRule):
    code = "revocation_is_impossible"


class NotAuthenticated(BrokenRule):
    """Whoever asks has not shown who it is; each kind says what was wrong with what it showed."""

    code = "not_authenticated"


class TokenIsInvalid(NotAuthenticated):
    code = "token_invalid"


class TokenIsExpired(NotAuthenticated):
    code = "token_expired"


class TokenIsRevoked(NotAuthenticated):
    code = "token_revoked"


class TokenIsImpossible(BrokenRule):
    """No token may say what was asked for."""

    code = "token_is_impossible"


class MintingIsOff(BrokenRule):
    code = "minting_is_off"


class MemberChanged(BrokenRule):
    """A connection stays one member's, and never goes back to an older token."""

    code = "member_changed"


class NotAllowed(BrokenRule):
    """Who asks is known, and has no right to this."""

    code = "not_allowed"
