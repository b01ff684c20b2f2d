"""What is attacked, and what has to hold after every attack."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.integration.attacks.attacker import SECRET, Attacker, Target, bearer
from tests.integration.client import Client
from tests.unit.adapters.identity.signing import published, with_ec, with_rsa, with_secret


@pytest.fixture(scope="session")
def open_door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """Takes visitors, and members with tokens."""
    with Target(tmp_path_factory.mktemp("open-door"), with_secret(SECRET)) as target:
        yield target


@pytest.fixture(scope="session")
def members_only(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """Knows nobody without a token, and waits for one longer than a busy machine needs."""
    folder = tmp_path_factory.mktemp("members-only")
    settings = {"SWITCHBOARD_AUTH": "jwt", "SWITCHBOARD_AUTH_DEADLINE": "600"}
    with Target(folder, with_secret(SECRET), **settings) as target:
        yield target


@pytest.fixture(scope="session")
def with_jwks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """Believes two published keys, `rsa` and `ec`; tokens are signed with the first."""
    folder = tmp_path_factory.mktemp("with-jwks")
    issuer, second = with_rsa("rsa"), with_ec("ec")
    keys = folder / "keys.json"
    keys.write_bytes(published(issuer.jwk(), second.jwk()))
    settings = {"SWITCHBOARD_AUTH_SECRET": "", "SWITCHBOARD_AUTH_JWKS": str(keys)}
    with Target(folder, issuer, SWITCHBOARD_AUTH="jwt", **settings) as target:
        yield target


@pytest.fixture(autouse=True)
async def attacker(room: str) -> AsyncIterator[Attacker]:
    """After every attack: no failure of the server, nothing in its log that anybody may regret,
    and whoever behaves is served."""
    attacker = Attacker()
    yield attacker
    assert [status for status in attacker.statuses if status >= 500] == []
    for target in attacker.targets:
        if target.is_running:
            await serves_whoever_behaves(target, f"all is well after {room}")
        target.check_log()
        assert [secret for secret in attacker.secrets if secret in target.log] == []


async def serves_whoever_behaves(target: Target, word: str) -> None:
    """In one room for all tests: rooms are limited, too."""
    headers = bearer(target.token(sub="well-behaved"))
    async with Client(target.url, "/ws/room/well-behaved", headers=headers) as client:
        await client.send("room_chat", {"message": word})
        await client.receive("room_notification", message=f"💬 {word}")
