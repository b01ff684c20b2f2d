"""Keys over https, from a server of the test with a certificate that it made itself."""

import asyncio
import contextlib
import datetime
import ssl
from collections.abc import AsyncIterator
from ipaddress import IPv4Address
from pathlib import Path

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from adapters.identity import jwks
from adapters.identity.jwks import SET_BYTES, HttpsSource, KeysAreUnreachable

KEYS = b'{"keys": []}'


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For 127.0.0.1, signed by itself, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "issuer of the tests")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("issuer") / "issuer.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(private + made.public_bytes(Encoding.PEM))
    return file


class Issuer:
    """Answers every request with `answer`, after `gate` is set."""

    def __init__(self, certificate: Path) -> None:
        self.certificate = certificate
        self.requests: list[bytes] = []
        self.answer = response(KEYS)
        self.gate = asyncio.Event()
        self.gate.set()
        self.port = 0

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.certificate)
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            self.gate.set()
            server.close()
            await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Whoever has read enough goes away in the middle of an answer.
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            self.requests.append(await reader.readuntil(b"\r\n\r\n"))
            await self.gate.wait()
            writer.write(self.answer)
            await writer.drain()
        writer.close()

    def source(self, *, trusted: bool = True) -> HttpsSource:
        context = ssl.create_default_context(cafile=self.certificate if trusted else None)
        transport = httpx2.AsyncHTTPTransport(verify=context)
        return HttpsSource(f"https://127.0.0.1:{self.port}/keys", transport=transport)


def response(body: bytes, status: str = "200 OK", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


@pytest.fixture
async def issuer(certificate: Path) -> AsyncIterator[Issuer]:
    issuer = Issuer(certificate)
    async with issuer.serving():
        yield issuer


async def test_keys_are_fetched(issuer: Issuer) -> None:
    assert await issuer.source().read() == KEYS
    assert issuer.requests[0].startswith(b"GET /keys HTTP/1.1\r\n")


async def test_an_issuer_with_a_certificate_that_nobody_vouches_for_is_not_asked(
    issuer: Issuer,
) -> None:
    with pytest.raises(KeysAreUnreachable, match=r"(?i)certificate"):
        await issuer.source(trusted=False).read()
    assert issuer.requests == []


@pytest.mark.parametrize("status", ["404 Not Found", "500 Oops", "204 No Content"])
async def test_any_other_answer_is_told_by_its_status(issuer: Issuer, status: str) -> None:
    issuer.answer = response(KEYS, status)
    with pytest.raises(KeysAreUnreachable, match=f"answered {status[:3]}"):
        await issuer.source().read()


@pytest.mark.parametrize("to", ["http://127.0.0.1:1/keys", "https://127.0.0.1:1/keys", "/keys"])
async def test_nobody_is_sent_elsewhere_for_keys(issuer: Issuer, to: str) -> None:
    issuer.answer = response(b"", "302 Found", Location=to)
    with pytest.raises(KeysAreUnreachable, match="redirects aren't followed"):
        await issuer.source().read()
    assert len(issuer.requests) == 1


async def test_an_answer_without_end_is_read_to_its_bound(issuer: Issuer) -> None:
    issuer.answer = response(b" " * SET_BYTES)
    assert len(await issuer.source().read()) == SET_BYTES
    issuer.answer = response(b" " * (SET_BYTES + 1))
    with pytest.raises(KeysAreUnreachable, match=f"more than {SET_BYTES} bytes"):
        await issuer.source().read()


async def test_what_is_packed_is_not_unpacked(issuer: Issuer) -> None:
    """A small answer that unpacks to a large one would go past the bound."""
    await issuer.source().read()
    assert b"accept-encoding: identity" in issuer.requests[0].lower()
    issuer.answer = response(b"\x1f\x8b packed", **{"Content-Encoding": "gzip"})
    assert await issuer.source().read() == b"\x1f\x8b packed"


async def test_an_issuer_that_hangs_is_not_waited_for(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jwks, "FETCH_SECONDS", 0.3)
    issuer.gate.clear()
    with pytest.raises(KeysAreUnreachable, match=r"within 0\.3 s"):
        await issuer.source().read()


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Le"])
async def test_what_is_no_answer_is_no_error_of_ours(issuer: Issuer, answer: bytes) -> None:
    issuer.answer = answer
    with pytest.raises(KeysAreUnreachable):
        await issuer.source().read()


@pytest.mark.parametrize(
    "address", ["https://127.0.0.1:1/keys", "https://[::bad/", "https://x:99999/", "https://\0/"]
)
async def test_an_address_at_which_nobody_is_is_no_error_of_ours(address: str) -> None:
    with pytest.raises(KeysAreUnreachable):
        await HttpsSource(address).read()
