"""What the settings make of tokens: whose are believed, and whether any can be minted."""

from pathlib import Path
from typing import TYPE_CHECKING

from adapters.auth_settings import AuthSettings
from adapters.identity.claims import ClaimRules
from adapters.identity.keys import SecretKey
from adapters.identity.tokens_jwt import JwtMinter, JwtVerifier
from application.identity_ports import TokenMinter, TokenVerifier
from application.ports import Clock

if TYPE_CHECKING:
    from adapters.identity.jwks import PublishedKeys


class Tokens:
    """`verifier` is None where `AUTH` names no jwt, `minter` without `AUTH_SECRET`.

    Published keys are kept up to date from `start` to `stop`. `check` raises `Unavailable` if that
    is down: failed fetches are no reason, since the last good keys are kept.
    """

    def __init__(self, settings: AuthSettings, clock: Clock) -> None:
        rules = ClaimRules(
            issuer=settings.issuer,
            audience=settings.audience,
            leeway=settings.leeway,
            max_lifetime=settings.max_lifetime,
            require_iat=settings.require_iat,
        )
        self._published = _published(settings, clock)
        self.minter: TokenMinter | None = None
        if settings.secret:
            self.minter = JwtMinter(settings.secret, rules, clock)
        self.verifier: TokenVerifier | None = None
        if settings.takes_tokens:
            keys = self._published or SecretKey(settings.secret)
            self.verifier = JwtVerifier(keys, rules, clock)

    def start(self) -> None:
        if self._published is not None:
            self._published.start()

    async def stop(self) -> None:
        if self._published is not None:
            await self._published.stop()

    def check(self) -> None:
        if self._published is not None:
            self._published.check()


def _published(settings: AuthSettings, clock: Clock) -> "PublishedKeys | None":
    if not (settings.takes_tokens and settings.jwks):
        return None
    # Its HTTP client takes a tenth of every program's start, and few need it.
    from adapters.identity.jwks import (  # noqa: PLC0415 - see above
        FileSource,
        HttpsSource,
        PublishedKeys,
    )

    is_address = settings.jwks.startswith("https://")
    source = HttpsSource(settings.jwks) if is_address else FileSource(Path(settings.jwks))
    return PublishedKeys(source, clock)
