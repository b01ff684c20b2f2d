"""Tokens that nobody issued, or not for this: by no carrier do they open anything."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.integration.attacks.attacker import (
    LET_IN,
    Attacker,
    Target,
    claims,
    offered,
)
from tests.unit.adapters.identity.signing import (
    ABSENT,
    Issuer,
    base64url,
    encoded,
    rsa_key,
    with_ec,
    with_rsa,
    with_secret,
)

STRANGER = with_secret("another secret, which the service doesn't know")
HEADER = {"alg": "HS256", "typ": "JWT"}

Forge = Callable[[Target], str]


def unsigned(header: Any, content: Any, signature: str = "") -> str:
    return f"{base64url(encoded(header))}.{base64url(encoded(content))}.{signature}"


def saying(**others: Any) -> Forge:
    """Signed as it should be, by an issuer that says too much or too little."""
    return lambda target: target.token(**others)


def with_header(**header: Any) -> Forge:
    return lambda target: target.issuer.token(claims(), header=header)


FORGED: dict[str, Forge] = {
    # The algorithm.
    "no algorithm": lambda _: unsigned({"alg": "none"}, claims()),
    "nOnE": lambda _: unsigned({"alg": "nOnE", "typ": "JWT"}, claims()),
    "none, with a good signature": lambda target: unsigned(
        {"alg": "none"}, claims(), target.token().rpartition(".")[2]
    ),
    "HS512 where it is HS256": with_header(alg="HS512"),
    "an empty alg": with_header(alg=""),
    # The key.
    "another secret": lambda _: STRANGER.token(claims()),
    "an empty secret": lambda _: unsigned(HEADER, claims(), base64url(b"")),
    "a kid that leads to a file": lambda _: STRANGER.token(
        claims(), header={"kid": "../../../../dev/null"}
    ),
    "a kid with SQL": lambda _: STRANGER.token(
        claims(), header={"kid": "x' UNION SELECT 'secret' --"}
    ),
    "a jku of one's own": lambda _: STRANGER.token(
        claims(), header={"jku": "http://127.0.0.1:1/keys"}
    ),
    "a jwk of one's own": lambda _: STRANGER.token(
        claims(), header={"jwk": {"kty": "oct", "k": "AAAA"}}
    ),
    "other claims under a good signature": lambda target: unsigned(
        HEADER, claims(sub="root"), target.token().rpartition(".")[2]
    ),
    # The form.
    "huge": saying(padding="x" * 9_000),
    "nested deep": lambda target: target.issuer.token(b'{"sub":' + b"[" * 2_000),
    "five parts": lambda target: target.token() + ".AAAA.AAAA",
    "no JSON": lambda target: target.issuer.token(b"\xff\xfe"),
    "a name twice": lambda target: target.issuer.token(
        json.dumps(claims()).replace('"ada"', '"ada", "sub": "root"').encode()
    ),
    "an extension that is unknown": with_header(crit=["exp"]),
    "a logout token": with_header(typ="logout+jwt"),
    # The time.
    "expired": saying(iat=time.time() - 400, exp=time.time() - 60),
    "not yet": saying(nbf=time.time() + 3_000),
    "from the future": saying(iat=time.time() + 3_000, exp=time.time() + 3_300),
    "for ever": saying(exp=9_999_999_999),
    "without an end": saying(exp=ABSENT),
    "an end that is a text": saying(exp="9999999999"),
    "an end that is no number": lambda target: target.issuer.token(
        json.dumps(claims(exp=float("nan"))).encode()
    ),
    # For whom and by whom.
    "another issuer": saying(iss="https://issuer.example.evil"),
    "no issuer": saying(iss=ABSENT),
    "another audience": saying(aud="another.example"),
    "a list of other audiences": saying(aud=["another.example", ""]),
    "no audience": saying(aud=ABSENT),
    # Who.
    "nobody": saying(sub=ABSENT),
    "a sub that is empty": saying(sub=""),
    "a sub that is a number": saying(sub=0),
    "the operator": saying(sub="~operator"),
    "a visitor": saying(sub="~" + "0" * 32),
    "a sub of two lines": saying(sub="ada\n[error    ] root"),
    "a sub with an invisible character": saying(sub="ada\u200b"),
    # What may be done.
    "caps null": saying(caps=None),
    "caps an object": saying(caps={"*": ["sub"]}),
    "caps a text": saying(caps="*"),
    "caps a number": saying(caps=1),
    "caps of texts": saying(caps=["room:*"]),
    "channels a text": saying(caps=[{"channels": "room:*", "allow": ["sub"]}]),
    "allow null": saying(caps=[{"channels": ["room:*"], "allow": None}]),
    "an unknown right": saying(caps=[{"channels": ["room:*"], "allow": ["sub", "all"]}]),
    "a thousand caps": saying(caps=[{"channels": ["a"], "allow": ["sub"]}] * 100),
    "an endless pattern": saying(caps=[{"channels": ["*:" * 500], "allow": ["sub"]}]),
}


async def opens_nothing(attacker: Attacker, target: Target, room: str, token: str) -> None:
    path = f"/ws/room/{room}"
    over_http = await attacker.ask(target, "GET", "/api/rooms", token=token)
    by_header = await attacker.knock(target, path, token=token)
    by_protocol = await attacker.knock(target, path, subprotocols=offered(token))
    # Over 8 KiB a line of a head is too long, whatever stands in it.
    expected = {401} if len(token) < 5_000 else {400, 401, 431}
    assert {over_http.status_code, by_header, by_protocol} <= expected
    async with attacker.client(target, path) as client:
        await client.send("authenticate", {"token": token})
        refused = await client.receive("error")
        await client.send("room_chat", {"message": "let me in"})
        await client.receive("error", code="not_authenticated")
    assert refused["payload"]["code"] in {"token_invalid", "token_expired"}
    assert refused["payload"]["retryable"] is False
    assert client.payloads("authenticated") == client.payloads("room_notification") == []


@pytest.mark.parametrize("door", ["members_only", "with_jwks"])
async def test_a_token_as_it_should_be_opens_the_door(
    request: pytest.FixtureRequest, attacker: Attacker, door: str, room: str
) -> None:
    """Otherwise the others would prove nothing."""
    target: Target = request.getfixturevalue(door)
    token = attacker.token(target)
    assert (await attacker.ask(target, "GET", "/api/rooms", token=token)).status_code == 200
    assert await attacker.knock(target, f"/ws/room/{room}", token=token) == LET_IN
    assert await attacker.knock(target, f"/ws/room/{room}", subprotocols=offered(token)) == LET_IN


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED.keys())
async def test_a_forged_token_opens_nothing(
    attacker: Attacker, members_only: Target, room: str, forge: Forge
) -> None:
    await opens_nothing(attacker, members_only, room, forge(members_only))


def public_pem(form: Encoding = Encoding.PEM) -> bytes:
    return rsa_key().public_key().public_bytes(form, PublicFormat.SubjectPublicKeyInfo)


def hs256(key: bytes, key_id: str | None = "rsa") -> str:
    return Issuer("HS256", key, key_id).token(claims())


def hs256_by_hand(key: bytes) -> str:
    """As PyJWT refuses to: it knows a public key when it sees one."""
    signed = unsigned({**HEADER, "kid": "rsa"}, claims())[:-1]
    return f"{signed}.{base64url(hmac.new(key, signed.encode(), hashlib.sha256).digest())}"


CONFUSED: dict[str, Callable[[], str]] = {
    "the public key as a secret": lambda: hs256_by_hand(public_pem()),
    "the public key without its last line break": lambda: hs256_by_hand(public_pem().rstrip()),
    "the public key in DER": lambda: hs256_by_hand(public_pem(Encoding.DER)),
    "the published JSON as a secret": lambda: hs256(encoded(with_rsa("rsa").jwk())),
    "the modulus as a secret": lambda: hs256(with_rsa("rsa").jwk()["n"].encode()),
    "no algorithm": lambda: unsigned({"alg": "none", "kid": "rsa"}, claims()),
    "a stranger's key by a known name": lambda: with_rsa("rsa", number=1).token(claims()),
    "a stranger's curve by a known name": lambda: with_ec("ec").token(claims()),
    "one key by the other's name": lambda: with_rsa("ec").token(claims()),
    "a name that nobody published": lambda: with_rsa("new").token(claims()),
    "no name, where there are two": lambda: with_rsa(None, number=1).token(claims()),
    "RS512 of the right key": lambda: Issuer("RS512", rsa_key(), "rsa").token(claims()),
    "PS256 of the right key": lambda: Issuer("PS256", rsa_key(), "rsa").token(claims()),
}


@pytest.mark.parametrize("forge", CONFUSED.values(), ids=CONFUSED.keys())
async def test_keys_and_algorithms_are_not_confused(
    attacker: Attacker, with_jwks: Target, room: str, forge: Callable[[], str]
) -> None:
    await opens_nothing(attacker, with_jwks, room, forge())
