"""The frames by which a client says who it is, on every socket."""

from typing import Literal, Self

from chanx.messages.base import BaseMessage
from pydantic import BaseModel, Field, model_validator

from adapters.sessions.frames import ExpiringPayload
from adapters.websocket.frames import MemberPayload


class AuthenticatePayload(BaseModel):
    """A `token`, the first one or a newer one; or, for who has none, the `name` to be called."""

    token: str | None = None
    name: str | None = Field(None, max_length=200)

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if (self.token is None) == (self.name is None):
            raise ValueError("either a token or a name")
        return self


class Authenticate(BaseMessage):
    """Says who the client is."""

    action: Literal["authenticate"] = "authenticate"
    payload: AuthenticatePayload


class AuthenticatedPayload(BaseModel):
    """`expires_at` is until when the token is believed, in seconds since 1970, as its `exp`; null
    for who has none. `revoked` are the channels that may not be listened to any more."""

    member: MemberPayload
    expires_at: float | None
    revoked: list[str]


class Authenticated(BaseMessage):
    """Answers `authenticate`."""

    action: Literal["authenticated"] = "authenticated"
    payload: AuthenticatedPayload


class AuthExpiring(BaseMessage):
    """The token expires soon: a newer one is to be sent with `authenticate`."""

    action: Literal["auth_expiring"] = "auth_expiring"
    payload: ExpiringPayload
