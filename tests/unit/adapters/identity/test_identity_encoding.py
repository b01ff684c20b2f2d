"""An identity as JSON: the same again, and nothing believed that isn't one."""

import json
from typing import Any

import pytest

from adapters.identity.identity_encoding import Malformed, decode, encode
from tests.contracts.tickets import ADA


def changed(**fields: Any) -> bytes:
    return json.dumps(json.loads(encode(ADA)) | fields).encode()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\x00",
        b"null",
        b"[]",
        b"{}",
        b"[" * 10_000,
        changed(member={"id": "ada", "name": "Ada"}),
        changed(member={"id": 7, "name": "Ada", "recognised": True}),
        changed(capabilities=[{"channels": ["*"], "allow": ["all"]}]),
        changed(capabilities="*"),
        changed(has_token=1),
        changed(issued_at="1700000000"),
        changed(expires_at=float("inf")),
        changed(login="\ud800"),
        changed(is_operator=None),
        *(
            json.dumps({k: v for k, v in json.loads(encode(ADA)).items() if k != name}).encode()
            for name in json.loads(encode(ADA))
        ),
    ],
    ids=range(23),
)
def test_what_is_no_identity_is_malformed(raw: bytes) -> None:
    with pytest.raises(Malformed):
        decode(raw)


def test_what_a_stranger_wrote_is_not_repeated() -> None:
    with pytest.raises(Malformed) as malformed:
        decode(changed(**{"evil\n": 1}))
    assert "evil" not in str(malformed.value)
    with pytest.raises(Malformed) as malformed:
        decode(changed(issued_at="evil"))
    assert "evil" not in str(malformed.value)
    assert "issued_at" in str(malformed.value)


def test_an_identity_is_itself_again() -> None:
    assert decode(encode(ADA).encode()) == ADA
