"""Refusals: the rules allow it, the service can't do it now. Trying again may help."""

from typing import ClassVar, Literal, TypeAlias

Scope: TypeAlias = Literal["address", "connection", "member"]
"""Whose limit was reached."""


class Refusal(Exception):
    """`code` is stable and part of the protocol; `retry_after` is in seconds."""

    code: ClassVar[str] = "refused"
    retry_after: float = 1.0

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Unavailable(Refusal):
    """The backend does not answer. Whatever was asked for may or may not have happened."""

    code = "unavailable"

    def __init__(self, detail: str = "The service can't reach its backend right now.") -> None:
        super().__init__(detail)


class RateLimited(Refusal):
    """Too much too fast, by one `scope`; what was asked for was not done."""

    code = "rate_limited"

    def __init__(self, detail: str, scope: Scope, retry_after: float) -> None:
        super().__init__(detail)
        self.scope = scope
        self.retry_after = retry_after


class QueueIsFull(Refusal):
    code = "queue_is_full"
    retry_after = 5.0


class TooManyRevocations(Refusal):
    code = "too_many_revocations"
    retry_after = 60.0


class TooManySubscriptions(Refusal):
    code = "too_many_subscriptions"
    retry_after = 5.0
