"""How publications travel between processes: today's form, and that of the release before."""

import json

import pytest

from adapters.layers.position import Position
from adapters.layers.publication import (
    Headers,
    Malformed,
    Publication,
    decode_ephemeral,
    decode_live,
    decode_stored,
    encode_ephemeral,
    named,
)
from domain.identity import ConnectionId

EPOCH = "a" * 12
PLACE = Position(EPOCH, 5, 7)
STAMPED = f'{{"x":1,"seq":7,"cursor":"g~{EPOCH}-5-7"}}'
NAMED = f'{{"x":1,"id":"1","at":5,"seq":7,"cursor":"g~{EPOCH}-5-7"}}'


def live(**changed: object) -> bytes:
    head = {"v": 2, "p": f"{EPOCH} 5 7", "x": "", "l": False, "h": {"id": "1", "at": "5"}}
    return json.dumps({**head, **changed}).encode() + b'\n{"x":1}'


@pytest.mark.parametrize("exclude", [None, ConnectionId("bob")])
def test_an_ephemeral_publication_arrives_as_it_was(exclude: ConnectionId | None) -> None:
    publication = Publication('{"text":"a\\nb"}', exclude, headers={"id": "1", "at": "5"})
    frame = '{"text":"a\\nb","id":"1","at":5}'
    assert decode_ephemeral(encode_ephemeral(publication).encode()) == (frame, exclude)


@pytest.mark.parametrize("headers", [{}, {"id": "1"}, {"at": "5"}, {"trace": "x"}])
def test_a_frame_is_named_by_an_id_and_a_time_or_not_at_all(headers: Headers) -> None:
    assert named('{"x":1}', headers) == '{"x":1}'


def test_a_durable_one_arrives_with_its_place_its_id_and_its_time() -> None:
    heard = decode_live("g", live(x="bob", l=True))
    assert heard.entry == (PLACE, NAMED, "bob")
    assert heard.is_last
    assert not heard.is_passing


def test_a_passing_one_arrives_with_the_end_of_the_history_and_no_cursor_yet() -> None:
    heard = decode_live("g", live(x="bob", n=True))
    assert heard.entry == (PLACE, '{"x":1,"id":"1","at":5}', "bob")
    assert heard.is_passing


def test_one_from_the_stream_has_the_same_place_id_and_time() -> None:
    fields = [b"b", b'{"x":1}', b"x", b"bob", b"h", b'{"id":"1","at":"5"}']
    assert decode_stored("g", EPOCH, b"5-7", fields) == decode_live("g", live(x="bob")).entry


# The form of the release before.


@pytest.mark.parametrize("exclude", ["", "bob"])
def test_the_old_ephemeral_form_is_read(exclude: str) -> None:
    payload = f'{exclude}\n{{"x":1}}'.encode()
    assert decode_ephemeral(payload) == ('{"x":1}', exclude or None)


@pytest.mark.parametrize(("last", "is_last"), [("", False), ("1", True)])
def test_the_old_durable_form_is_read(last: str, is_last: bool) -> None:
    heard = decode_live("g", f'{EPOCH} 5 7 bob {last}\n{{"x":1}}'.encode())
    assert heard == ((PLACE, STAMPED, "bob"), is_last, False)


def test_an_old_entry_of_a_stream_is_read() -> None:
    entry = decode_stored("g", EPOCH, b"5-7", [b"b", b'{"x":1}', b"x", b""])
    assert entry == (PLACE, STAMPED, None)


# What is neither.


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"hello",
        b"\xff\xfe\n{}",
        b"{}\n{}",
        b"[]\n{}",
        b"{broken\n{}",
        live(v=3),
        live(p="nowhere"),
        live(p=None),
        live(h=None),
        live(h={"id": 1, "at": "5"}),
        live(h={"id": '","x":"', "at": "5"}),
        live(h={"id": "1", "at": "5}"}),
        live(h={"id": "1", "at": "-5"}),
        live(h={"id": "1", "at": "9" * 15}),
        live(h={"id": "", "at": "5"}),
        live(h={"id": "a" * 65, "at": "5"}),
        live(n=True, h={"id": "1", "at": "x"}),
        f"{EPOCH} 5\n{{}}".encode(),
        b"a b c d e\n{}",
    ],
)
def test_what_is_not_ours_is_refused_with_an_error_that_its_reader_expects(payload: bytes) -> None:
    with pytest.raises(Malformed):
        decode_live("g", payload)


@pytest.mark.parametrize(
    ("raw_id", "fields"),
    [
        (b"5-7", [b"payload", b"x"]),
        (b"5-7", [b"b"]),
        (b"5-7", [b"b", b"{}", b"h", b"{"]),
        (b"5-7", [b"b", b"{}", b"h", b'{"id":"x","at":"5"}']),
        (b"5-7", [b"b", b"\xff"]),
        (b"five-7", [b"b", b"{}"]),
        (b"5", [b"b", b"{}"]),
    ],
)
def test_a_foreign_entry_of_a_stream_is_refused_likewise(
    raw_id: bytes, fields: list[bytes]
) -> None:
    with pytest.raises(Malformed):
        decode_stored("g", EPOCH, raw_id, fields)


def test_an_ephemeral_one_with_a_foreign_id_is_refused_likewise() -> None:
    with pytest.raises(Malformed):
        decode_ephemeral(b'{"v":2,"x":"","h":{"id":"\\"","at":"5"}}\n{"x":1}')
