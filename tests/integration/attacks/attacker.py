"""Who attacks, what is attacked, and what both do it with."""

import asyncio
import contextlib
import ssl
import time
import uuid
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx2
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidMessage, InvalidStatus
from websockets.typing import Subprotocol

from tests.integration.client import DEADLINE, Client, address
from tests.integration.processes import Server
from tests.unit.adapters.identity.signing import ABSENT, Issuer

SECRET = "what only the issuer and the service know, 32 bytes"
API_KEY = "an-operator's-key-that-nobody-guesses"
ISSUER = "https://issuer.example"
AUDIENCE = "switchboard.example"
LET_IN = 101

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Certificates take long to load, and no server of the tests shows one."""

SETTINGS: Mapping[str, str] = {
    "SWITCHBOARD_AUTH": "anonymous,jwt",
    "SWITCHBOARD_AUTH_SECRET": SECRET,
    "SWITCHBOARD_AUTH_ISSUER": ISSUER,
    "SWITCHBOARD_AUTH_AUDIENCE": AUDIENCE,
    "SWITCHBOARD_API_KEYS": API_KEY,
    # As much in the log as there can be: no secret may be among it.
    "SWITCHBOARD_LOG_LEVEL": "debug",
    "LOG_WEBSOCKET": "1",
    # No attack of these tests shall fail for want of tries.
    "SWITCHBOARD_ADDRESS_FAILURE_BURST": "1000000",
    # A job lasts for as long as a test looks at it.
    "JOB_PACE": "60",
}


def claims(**others: Any) -> dict[str, Any]:
    """Of a token that is good for five minutes, but for what `others` say."""
    now = time.time()
    usual = {"sub": "ada", "iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + 300}
    whole = {**usual, "jti": uuid.uuid4().hex, **others}
    return {name: value for name, value in whole.items() if value is not ABSENT}


def caps(*channels: str, allow: Sequence[str] = ("sub", "pub", "prs", "hst")) -> list[Any]:
    return [{"channels": list(channels), "allow": list(allow)}]


def offered(token: str) -> list[str]:
    """The subprotocols by which a browser brings a token."""
    encoded = urlsafe_b64encode(token.encode()).decode().rstrip("=")
    return ["switchboard.v1", f"base64url.bearer.switchboard.{encoded}"]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


class Target(Server):
    """A server that believes `issuer`, and one of whose keys is `API_KEY`."""

    def __init__(self, folder: Path, issuer: Issuer, **settings: str) -> None:
        super().__init__(folder, **{**SETTINGS, **settings})
        self.issuer = issuer

    def token(self, **others: Any) -> str:
        return self.issuer.token(claims(**others))


class Attacker:
    """Remembers whom it attacked, what was answered, and which secrets it knows."""

    def __init__(self) -> None:
        self.targets: set[Target] = set()
        self.statuses: list[int] = []
        self.secrets = {SECRET, API_KEY}

    def token(self, target: Target, **others: Any) -> str:
        """One that `target` believes, unless `others` are wrong."""
        return self.knows(target.token(**others))

    def knows(self, secret: str) -> str:
        """`secret` must not stand in any log."""
        self.secrets.add(secret)
        return secret

    async def ask(
        self,
        target: Target,
        method: str,
        path: str,
        json: object = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        source: str | None = None,
    ) -> httpx2.Response:
        """A request over HTTP."""
        self.targets.add(target)
        every = [*httpx2.Headers(headers).multi_items()]
        if token is not None:
            every += bearer(self.knows(token)).items()
        transport = httpx2.AsyncHTTPTransport(local_address=source, verify=NO_TLS)
        async with httpx2.AsyncClient(transport=transport, timeout=DEADLINE) as http:
            answer = await http.request(method, f"{target.url}{path}", json=json, headers=every)
        self.statuses.append(answer.status_code)
        return answer

    async def knock(
        self,
        target: Target,
        path: str,
        *,
        token: str | None = None,
        subprotocols: Sequence[str] = (),
        headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        source: str | None = None,
    ) -> int:
        """The status of a handshake; who is let in goes at once."""
        self.targets.add(target)
        every = [*httpx2.Headers(headers).multi_items()]
        if token is not None:
            every += bearer(self.knows(token)).items()
        try:
            async with connect(
                address(target.url, path),
                additional_headers=every,
                subprotocols=[Subprotocol(each) for each in subprotocols] or None,
                local_addr=None if source is None else (source, 0),
                proxy=None,
                open_timeout=DEADLINE,
            ):
                status = LET_IN
        except InvalidStatus as refused:
            status = refused.response.status_code
        except InvalidMessage:
            status = 400  # no answer that is one: the connection ended
        self.statuses.append(status)
        return status

    def client(self, target: Target, path: str, *, token: str | None = None, **more: Any) -> Client:
        """A socket, with its token in the header."""
        self.targets.add(target)
        headers = dict(more.pop("headers", {}))
        if token is not None:
            headers |= bearer(self.knows(token))
        return Client(target.url, path, headers=headers, **more)

    async def send_bytes(self, target: Target, request: str | bytes) -> bytes:
        """What comes back for a request as it is, up to the end of the connection."""
        self.targets.add(target)
        raw = request.encode() if isinstance(request, str) else request
        reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
        with contextlib.suppress(ConnectionResetError):
            writer.write(raw)
            async with asyncio.timeout(DEADLINE):
                answer = await reader.read()
        writer.close()
        self.statuses += [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]]
        return answer

    async def ticket(self, target: Target, token: str) -> str:
        answer = await self.ask(target, "POST", "/api/tickets", token=token)
        assert answer.status_code == 201, answer.text
        return self.knows(str(answer.json()["ticket"]))

    async def revoke(self, target: Target, *names: str) -> None:
        """As the operator does it."""
        body = {"targets": list(names)}
        answer = await self.ask(target, "POST", "/api/revocations", body, token=API_KEY)
        assert answer.status_code == 202, answer.text


def basic(user: str, password: str) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()
