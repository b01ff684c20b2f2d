"""The frames that every session sends by itself, and what they hold."""

from typing import TypeAlias

from pydantic import BaseModel, Field

from adapters.sessions.disconnects import Disconnect
from application.errors import RateLimited, Scope
from application.ports import LossReason, Recovery


def is_none(value: object) -> bool:
    """Fields that are left out where they say nothing."""
    return value is None


class RecoveredPayload(BaseModel):
    """`missed` frames follow; unless `recovered`, they are what is left, and `reason` says why."""

    recovered: bool
    missed: int
    reason: LossReason | None = Field(None, exclude_if=is_none)


class GapPayload(BaseModel):
    """So many frames that would stand here were dropped: the client doesn't keep up."""

    missed: int


class DisconnectPayload(BaseModel):
    """`reconnect` says whether coming back makes sense, `after_ms` when."""

    code: int
    reason: str
    reconnect: bool
    after_ms: int | None = Field(None, exclude_if=is_none)


class ExpiringPayload(BaseModel):
    expires_in_ms: int


class Problem(BaseModel):
    """What isn't valid in a frame; `loc` is the way to it."""

    type: str
    loc: list[str]
    msg: str


class RefusalPayload(BaseModel):
    """Why something was not done; `code` is stable, `retryable` says if later may work;
    `scope` is whose limit was reached, if it was one; `reason` is chanx's word, if it has one."""

    code: str
    detail: str
    retryable: bool
    retry_after_ms: int | None = Field(None, exclude_if=is_none)
    scope: Scope | None = Field(None, exclude_if=is_none)
    reason: str | None = Field(None, exclude_if=is_none)


Payload: TypeAlias = (
    RecoveredPayload | GapPayload | DisconnectPayload | ExpiringPayload | RefusalPayload
)


def recovered_frame(recovery: Recovery) -> str:
    payload = RecoveredPayload(
        recovered=recovery.reason is None, missed=recovery.missed, reason=recovery.reason
    )
    return _frame("recovered", payload)


def gap_frame(missed: int) -> str:
    return _frame("gap", GapPayload(missed=missed))


def disconnect_frame(why: Disconnect) -> str:
    after_ms = None if why.after is None else int(why.after * 1000)
    payload = DisconnectPayload(
        code=why.code, reason=why.reason, reconnect=why.reconnect, after_ms=after_ms
    )
    return _frame("disconnect", payload)


def auth_expiring_frame(left: float) -> str:
    """Told before a token expires, in `left` seconds."""
    return _frame("auth_expiring", ExpiringPayload(expires_in_ms=int(left * 1000)))


def retryable(
    code: str, detail: str, retry_after: float | None, scope: Scope | None = None
) -> RefusalPayload:
    """Something that may work later; `retry_after` is in seconds."""
    after_ms = None if retry_after is None else int(retry_after * 1000) + 1
    return RefusalPayload(
        code=code, detail=detail, retryable=True, retry_after_ms=after_ms, scope=scope
    )


def rate_limited_frame(error: RateLimited) -> str:
    return _frame("error", retryable(error.code, error.detail, error.retry_after, error.scope))


def _frame(action: str, payload: Payload) -> str:
    return f'{{"action":"{action}","payload":{payload.model_dump_json()}}}'
