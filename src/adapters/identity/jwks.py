"""Keys that an issuer publishes (RFC 7517): in a file, or at an address over https.

PyJWT's own client blocks the event loop, and forgets all keys when one fetch fails.
"""

import asyncio
import logging
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import httpx2
from jwt import PyJWK

from adapters.background_task import BackgroundTask, end
from adapters.identity.keys import Keys, KeySet, KeySetIsUnusable, parse_keys
from application.errors import Unavailable
from application.ports import Clock

log = logging.getLogger(__name__)

SET_BYTES = 256 * 1024
"""Issuers with certificates in their sets publish some 20 KiB."""

FETCH_SECONDS = 5.0
"""For a whole fetch: somebody may be waiting for it."""

REFRESH_SECONDS = 300.0
"""Between fetches: a key that is withdrawn is believed for so long at most."""

FILE_SECONDS = 5.0
"""Between two looks at a file, which cost nothing."""

UNKNOWN_KEY_SECONDS = 30.0
"""Between fetches because a token names a key that isn't known: strangers can do that, and the
issuer must not feel it."""

RETRY_SECONDS = 5.0
"""Between fetches while there are no keys at all."""


class KeysAreUnreachable(Exception):
    """Why the keys can't be had, in words, without what an address may hold of secrets."""


class Source(Protocol):
    period: float
    """Seconds between two readings."""

    @abstractmethod
    async def read(self) -> bytes:
        """What is published, at most `SET_BYTES`; raises `KeysAreUnreachable`."""


class FileSource(Source):
    def __init__(self, path: Path, period: float = FILE_SECONDS) -> None:
        self._path = path
        self.period = period

    async def read(self) -> bytes:
        return await asyncio.to_thread(self._read)

    def _read(self) -> bytes:
        # Read whole each time: a file may change twice within one tick of its clock.
        try:
            with self._path.open("rb") as file:
                raw = file.read(SET_BYTES + 1)
        except OSError as error:
            raise KeysAreUnreachable(error.strerror or type(error).__name__) from None
        return _bounded(raw)


class HttpsSource(Source):
    """`transport` carries the requests, in place of the network; `None` is the network."""

    def __init__(
        self,
        address: str,
        period: float = REFRESH_SECONDS,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._address = address
        self._transport = transport
        self.period = period

    async def read(self) -> bytes:
        # Nothing is kept open between fetches: they are minutes apart.
        try:
            async with (
                asyncio.timeout(FETCH_SECONDS),
                httpx2.AsyncClient(transport=self._transport, timeout=FETCH_SECONDS) as client,
                # Uncompressed, so that the bound holds for what is received.
                client.stream(
                    "GET",
                    self._address,
                    headers={"Accept": "application/json", "Accept-Encoding": "identity"},
                    # To another host or scheme the answer would come from somebody else.
                    follow_redirects=False,
                ) as answer,
            ):
                if answer.status_code != httpx2.codes.OK:
                    raise KeysAreUnreachable(
                        f"it answered {answer.status_code}, and redirects aren't followed"
                        if answer.is_redirect
                        else f"it answered {answer.status_code}"
                    )
                raw = b""
                async for chunk in answer.aiter_raw():
                    raw = _bounded(raw + chunk)
                return raw
        except TimeoutError:
            raise KeysAreUnreachable(f"no answer within {FETCH_SECONDS:g} s") from None
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
            raise KeysAreUnreachable(str(error) or type(error).__name__) from None


class PublishedKeys(Keys):
    """The last good set: whatever fails later, it is kept, and the log says what failed.

    A set without a usable key counts as a failure. Without `start` keys are read when they are
    first asked for.
    """

    def __init__(self, source: Source, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._keys: KeySet | None = None
        self._raw = b""
        self._problem = ""
        self._read_at = float("-inf")
        self._reading: asyncio.Task[None] | None = None
        self._task = BackgroundTask("keys of tokens", self._refresh)

    def start(self) -> None:
        self._task.start()

    async def stop(self) -> None:
        await self._task.stop()
        if self._reading is not None:
            await end(self._reading)

    def check(self) -> None:
        """Raises `Unavailable` while keys aren't refreshed any more."""
        self._task.check()

    async def find(self, key_id: str | None, algorithm: str) -> Sequence[PyJWK]:
        if not (self._keys and self._keys.find(key_id, algorithm)):
            await self._look_again()
        if self._keys is None:
            raise Unavailable("The keys that tokens are signed with can't be had right now.")
        return self._keys.find(key_id, algorithm)

    async def _refresh(self) -> None:
        while True:
            await self._read_shared()
            await asyncio.sleep(
                self._source.period if self._keys else min(RETRY_SECONDS, self._source.period)
            )

    async def _look_again(self) -> None:
        pause = UNKNOWN_KEY_SECONDS if self._keys else RETRY_SECONDS
        is_reading = self._reading is not None and not self._reading.done()
        if is_reading or self._clock.monotonic() - self._read_at >= pause:
            await self._read_shared()

    async def _read_shared(self) -> None:
        """One reading for all who want it at once; it goes on if who waits for it is cancelled."""
        if self._reading is None or self._reading.done():
            self._read_at = self._clock.monotonic()
            self._reading = asyncio.create_task(self._read())
        await asyncio.shield(self._reading)

    async def _read(self) -> None:
        try:
            raw = await self._source.read()
            if raw != self._raw or self._keys is None:
                self._keys = parse_keys(raw)
                self._raw = raw
                for reason in self._keys.skipped:
                    log.warning("a key in AUTH_JWKS is not used: %s", reason)
        except (KeysAreUnreachable, KeySetIsUnusable) as error:
            # Once for each reason: a file is looked at every few seconds.
            if str(error) != self._problem:
                kept = "the last good ones are kept" if self._keys else "no token can be verified"
                log.warning("the keys of AUTH_JWKS can't be read, and %s: %s", kept, error)
            self._problem = str(error)
        else:
            if self._problem:
                log.info("the keys of AUTH_JWKS are read again")
            self._problem = ""


def _bounded(raw: bytes) -> bytes:
    if len(raw) > SET_BYTES:
        raise KeysAreUnreachable(f"there are more than {SET_BYTES} bytes")
    return raw
