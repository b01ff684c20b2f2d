"""Published keys over time: they change, they can't be had, strangers name others."""

import asyncio
import logging
import os
from pathlib import Path

import pytest

from adapters.identity.claims import ClaimRules
from adapters.identity.jwks import (
    RETRY_SECONDS,
    SET_BYTES,
    UNKNOWN_KEY_SECONDS,
    FileSource,
    KeysAreUnreachable,
    PublishedKeys,
    Source,
)
from adapters.identity.tokens_jwt import JwtVerifier
from application.errors import Unavailable
from domain.errors import TokenIsInvalid
from tests.doubles import ManualClock
from tests.unit.adapters.identity.signing import Issuer, published, with_ec, with_ed
from tests.waiting import eventually

OLD, NEW = with_ec("old"), with_ec("new")


class Publisher(Source):
    """Publishes what a test says, or fails; holds readers up while `is_slow`."""

    def __init__(self, *issuers: Issuer) -> None:
        self.period = 0.001
        self.raw: bytes | None = published(*(issuer.jwk() for issuer in issuers))
        self.asked = 0
        self.gate = asyncio.Event()
        self.gate.set()

    def publish(self, *issuers: Issuer) -> None:
        self.raw = published(*(issuer.jwk() for issuer in issuers))

    async def read(self) -> bytes:
        self.asked += 1
        await self.gate.wait()
        if self.raw is None:
            raise KeysAreUnreachable("nobody answers")
        return self.raw


@pytest.fixture
def publisher() -> Publisher:
    return Publisher(OLD)


@pytest.fixture
def keys(publisher: Publisher, clock: ManualClock) -> PublishedKeys:
    return PublishedKeys(publisher, clock)


async def knows(keys: PublishedKeys, issuer: Issuer) -> bool:
    return len(await keys.find(issuer.key_id, issuer.algorithm)) == 1


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]


async def test_known_keys_are_read_once(keys: PublishedKeys, publisher: Publisher) -> None:
    for _ in range(5):
        assert await knows(keys, OLD)
    assert publisher.asked == 1


async def test_a_new_key_is_found_when_a_token_names_it(
    keys: PublishedKeys, publisher: Publisher, clock: ManualClock
) -> None:
    assert await knows(keys, OLD)
    publisher.publish(OLD, NEW)
    clock.shift(UNKNOWN_KEY_SECONDS)

    assert await knows(keys, NEW)
    assert await knows(keys, OLD)
    assert publisher.asked == 2


async def test_strangers_who_name_unknown_keys_are_not_felt_by_the_issuer(
    keys: PublishedKeys, publisher: Publisher, clock: ManualClock
) -> None:
    assert await knows(keys, OLD)
    clock.shift(UNKNOWN_KEY_SECONDS)
    for number in range(100):
        assert not await keys.find(f"made-up-{number}", "ES256")
    assert publisher.asked == 2
    clock.shift(UNKNOWN_KEY_SECONDS - 1)
    assert not await keys.find("made-up", "ES256")
    assert publisher.asked == 2


async def test_all_who_wait_for_a_new_key_share_one_reading(
    keys: PublishedKeys, publisher: Publisher, clock: ManualClock
) -> None:
    assert await knows(keys, OLD)
    publisher.publish(NEW)
    publisher.gate.clear()
    clock.shift(UNKNOWN_KEY_SECONDS)
    waiting = [asyncio.create_task(knows(keys, NEW)) for _ in range(50)]
    await eventually(lambda: publisher.asked == 2)
    publisher.gate.set()

    assert all(await asyncio.gather(*waiting))
    assert publisher.asked == 2


async def test_who_leaves_while_waiting_takes_the_new_key_from_nobody(
    keys: PublishedKeys, publisher: Publisher, clock: ManualClock
) -> None:
    assert await knows(keys, OLD)
    publisher.publish(NEW)
    publisher.gate.clear()
    clock.shift(UNKNOWN_KEY_SECONDS)
    first = asyncio.create_task(knows(keys, NEW))
    await eventually(lambda: publisher.asked == 2)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    publisher.gate.set()

    assert await knows(keys, NEW)
    assert publisher.asked == 2


async def test_a_withdrawn_key_is_not_believed_any_more(
    keys: PublishedKeys, publisher: Publisher, clock: ManualClock
) -> None:
    assert await knows(keys, OLD)
    publisher.publish(NEW)
    clock.shift(UNKNOWN_KEY_SECONDS)
    assert await knows(keys, NEW)
    assert not await knows(keys, OLD)


@pytest.mark.parametrize("raw", [None, b"", b"<html>", published(), published({"kty": "oct"})])
async def test_the_last_good_keys_are_kept_whatever_comes_instead(
    keys: PublishedKeys, publisher: Publisher, clock: ManualClock, raw: bytes | None
) -> None:
    assert await knows(keys, OLD)
    publisher.raw = raw
    for _ in range(3):
        clock.shift(UNKNOWN_KEY_SECONDS)
        assert not await knows(keys, NEW)
        assert await knows(keys, OLD)
    assert publisher.asked == 4


async def test_without_any_keys_yet_tokens_are_neither_believed_nor_refused(
    publisher: Publisher, clock: ManualClock
) -> None:
    publisher.raw = None
    keys = PublishedKeys(publisher, clock)
    verifier = JwtVerifier(keys, ClaimRules(), clock)
    for _ in range(9):
        with pytest.raises(Unavailable):
            await verifier.verify(OLD.token())
    assert publisher.asked == 1
    # What no key could make a token is refused all the same.
    with pytest.raises(TokenIsInvalid):
        await verifier.verify("nonsense")

    publisher.publish(OLD)
    clock.shift(RETRY_SECONDS)
    await verifier.verify(OLD.token())


# In the background.


async def test_keys_are_read_again_and_again(keys: PublishedKeys, publisher: Publisher) -> None:
    keys.start()
    await eventually(lambda: publisher.asked > 3)
    publisher.publish(NEW)
    asked = publisher.asked
    await eventually(lambda: publisher.asked > asked + 1)

    assert await knows(keys, NEW)
    assert not await knows(keys, OLD)
    await keys.stop()


async def test_a_failing_issuer_stops_no_start_and_is_told_once_for_each_reason(
    publisher: Publisher, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    publisher.raw = None
    keys = PublishedKeys(publisher, clock)
    keys.start()
    await eventually(lambda: publisher.asked > 3)
    keys.check()
    publisher.publish(OLD)
    await eventually(lambda: "are read again" in caplog.text)
    assert await knows(keys, OLD)
    publisher.raw = b"<html>"
    await eventually(lambda: "kept: it is not JSON" in caplog.text)
    await keys.stop()

    assert warnings(caplog) == [
        "the keys of AUTH_JWKS can't be read, and no token can be verified: nobody answers",
        "the keys of AUTH_JWKS can't be read, and the last good ones are kept: it is not JSON",
    ]


async def test_a_key_that_is_not_used_is_told_once(
    publisher: Publisher, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    publisher.raw = published(OLD.jwk(), {"kty": "oct", "k": "c2VjcmV0"})
    keys = PublishedKeys(publisher, clock)
    keys.start()
    await eventually(lambda: publisher.asked > 3)
    await keys.stop()

    assert warnings(caplog) == [
        "a key in AUTH_JWKS is not used: key 2 is a shared secret, which nobody may publish"
    ]
    assert "c2VjcmV0" not in caplog.text


async def test_stopping_ends_a_reading_that_hangs(
    keys: PublishedKeys, publisher: Publisher
) -> None:
    publisher.gate.clear()
    keys.start()
    await eventually(lambda: publisher.asked == 1)
    await keys.stop()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    assert others == set()


# A file.


async def test_a_file_is_read_anew_when_it_changes(tmp_path: Path, clock: ManualClock) -> None:
    file = tmp_path / "keys.json"
    file.write_bytes(published(OLD.jwk()))
    keys = PublishedKeys(FileSource(file, period=0.001), clock)
    keys.start()
    await eventually(lambda: keys._keys)
    assert await knows(keys, OLD)
    before = file.stat()
    file.write_bytes(published(NEW.jwk()))
    # Of the same size and time: it is looked at all the same.
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file.stat().st_size == before.st_size
    await eventually(lambda: keys._keys and keys._keys.find("new", "ES256"))

    file.unlink()
    clock.shift(UNKNOWN_KEY_SECONDS)
    assert not await knows(keys, OLD)
    assert await knows(keys, NEW)
    await keys.stop()


async def test_a_file_that_can_not_be_read_is_no_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(KeysAreUnreachable, match="No such file"):
        await FileSource(tmp_path / "none").read()
    with pytest.raises(KeysAreUnreachable, match="Is a directory"):
        await FileSource(tmp_path).read()


async def test_a_file_is_read_to_its_bound(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_bytes(b" " * SET_BYTES)
    assert len(await FileSource(file).read()) == SET_BYTES
    file.write_bytes(b" " * (SET_BYTES + 1))
    with pytest.raises(KeysAreUnreachable, match=f"more than {SET_BYTES} bytes"):
        await FileSource(file).read()


async def test_a_key_of_another_kind_under_a_known_id_is_no_match(
    keys: PublishedKeys, publisher: Publisher
) -> None:
    assert await knows(keys, OLD)
    assert not await knows(keys, with_ed("old"))
