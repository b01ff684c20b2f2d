"""A job's record as it stands on Redis: what comes back as it was, and what is not believed."""

import json
from typing import Any

import pytest

from adapters.storage.job_records_encoding import Malformed, decode, encode
from tests.contracts.job_records import ENDINGS, ID, KEY, job

JOBS = [
    job(),
    job(key=KEY),
    job().start().advance(0.25),
    job().start().cancel(),
    job().start().hand_back(lost=True),
    *(job().start().end(ending) for ending in ENDINGS),
]


def test_a_job_comes_back_as_it_was() -> None:
    for kept in JOBS:
        assert decode(encode(kept).encode(), ID) == kept


def changed(**fields: Any) -> bytes:
    return json.dumps(json.loads(encode(job())) | fields).encode()


def without(name: str) -> bytes:
    fields = json.loads(encode(job()))
    del fields[name]
    return json.dumps(fields).encode()


NEWER: dict[str, bytes] = {
    "a kind": changed(kind="paint"),
    "a state": changed(state="paused"),
    "a field": changed(priority=1),
}


@pytest.mark.parametrize("raw", NEWER.values(), ids=NEWER)
def test_what_a_newer_release_added_is_not_understood(raw: bytes) -> None:
    assert decode(raw, ID) is None


WRONG: dict[str, Any] = {
    "id": 7,
    "kind": 5,
    "content": None,
    "owner": ["ada"],
    "private": 1,
    "submitted_at": "now",
    "state": None,
    "attempt": -1,
    "progress": 1.5,
    "cancel_requested": "no",
    "lost": "x",
}


@pytest.mark.parametrize("name", WRONG)
def test_a_field_of_another_type_or_none_is_malformed_and_named(name: str) -> None:
    for raw in (changed(**{name: WRONG[name]}), without(name)):
        with pytest.raises(Malformed, match=f"^{name}: "):
            decode(raw, ID)


STRANGE: dict[str, bytes] = {
    "nothing": b"",
    "no text": b"\xff",
    "a pickle": b"\x80\x04K\x01.",
    "null": b"null",
    "a list": b"[]",
    "an empty object": b"{}",
    "unfinished": b"{",
    "a word": b'"record"',
    "half an attempt": changed(attempt=1.5),
    "a truth for a number": changed(attempt=True),
    "less than no loss": changed(lost=-1),
    "progress that is none": changed(progress=float("nan")),
    "no moment": changed(submitted_at=float("inf")),
    "a number for an outcome": changed(outcome=5),
    "a number for a key": changed(key=5),
    "another id": changed(id="8"),
    "a new field beside a wrong one": changed(priority=1, lost="x"),
    "nested": b"[" * 100_000,
}


@pytest.mark.parametrize("raw", STRANGE.values(), ids=STRANGE)
def test_what_is_no_record_of_this_job_is_malformed(raw: bytes) -> None:
    with pytest.raises(Malformed):
        decode(raw, ID)


def test_what_is_malformed_is_not_repeated() -> None:
    with pytest.raises(Malformed) as raised:
        decode(changed(lost="secret"), ID)

    assert "secret" not in str(raised.value)
