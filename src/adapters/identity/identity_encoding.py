"""An identity as it stands on Redis: JSON, of which nothing is believed before it is checked."""

import json
from dataclasses import asdict
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from domain.capabilities import Capabilities
from domain.errors import CapabilitiesAreImpossible
from domain.identity import Identity, Member, MemberId


class Malformed(ValueError):
    """What stands there is no identity. The text says why, and repeats nothing of it."""


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


class _Member(_Strict):
    id: str
    name: str
    recognised: bool


class _Identity(_Strict):
    """The fields of `Identity`; none may be missing, so that nothing is granted by default."""

    member: _Member
    capabilities: list[Any] | None
    has_token: bool
    issued_at: float
    expires_at: float | None
    token_id: str | None
    login: str | None
    is_operator: bool


def encode(identity: Identity) -> str:
    return json.dumps(asdict(identity) | {"capabilities": identity.capabilities.claim()})


def decode(raw: bytes) -> Identity:
    """Raises `Malformed`."""
    try:
        read = _Identity.model_validate_json(raw)
        return Identity(
            Member(MemberId(read.member.id), read.member.name, read.member.recognised),
            Capabilities.parse(read.capabilities),
            read.has_token,
            read.issued_at,
            read.expires_at,
            read.token_id,
            read.login,
            read.is_operator,
        )
    except ValidationError as error:
        problem = error.errors(include_url=False, include_context=False, include_input=False)[0]
        # A field that isn't ours is not named: a stranger chose its name.
        is_ours = problem["loc"] and problem["type"] != "extra_forbidden"
        loc = ".".join(map(str, problem["loc"]))
        raise Malformed(f"{loc}: {problem['msg']}" if is_ours else problem["msg"]) from None
    except CapabilitiesAreImpossible as error:
        raise Malformed(error.detail) from None
