"""A revocation as it stands on Redis: JSON, of which nothing is believed before it is checked."""

import json

from pydantic import ConfigDict, FiniteFloat, TypeAdapter, ValidationError

from adapters.identity.revocation_table import Kept
from domain.errors import RevocationIsImpossible
from domain.revocations import Revocation

_FIELDS: TypeAdapter[tuple[str, FiniteFloat, FiniteFloat]] = TypeAdapter(
    tuple[str, FiniteFloat, FiniteFloat], config=ConfigDict(strict=True)
)


class Malformed(ValueError):
    """What stands there is no revocation. The text says why, and repeats nothing of it."""


def encode(kept: Kept) -> bytes:
    """The same of the same, in every process: so what several put back stands there once."""
    revocation = kept.revocation
    return json.dumps([revocation.target, revocation.issued_before, kept.until]).encode()


def decode(raw: bytes, *, latest: float) -> Kept:
    """Raises `Malformed`; keeps none beyond `latest`."""
    try:
        target, issued_before, until = _FIELDS.validate_json(raw)
        return Kept(Revocation.parse(target, issued_before), min(until, latest))
    except ValidationError as error:
        problem = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise Malformed(problem["msg"]) from None
    except RevocationIsImpossible as error:
        raise Malformed(error.detail) from None
