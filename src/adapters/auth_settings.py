"""Settings of who may come in; times in seconds."""

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import NoDecode

from adapters.settings_group import PREFIX, SettingsGroup, config, in_any_case, named, split

SECRET_BYTES = 32
"""RFC 7518, 3.2: a key of HS256 has at least as many bits as its hash."""
API_KEY_CHARACTERS = 8


class AuthMode(StrEnum):
    ANONYMOUS = "anonymous"
    JWT = "jwt"


class AuthSettings(SettingsGroup):
    """`secret` and `jwks` say who may issue tokens, one of them at most."""

    model_config = config("AUTH_")

    modes: Annotated[frozenset[Annotated[AuthMode, in_any_case]], NoDecode] = named(
        "AUTH", frozenset({AuthMode.ANONYMOUS})
    )
    secret: str = Field("", repr=False)
    jwks: str = ""
    issuer: str = ""
    audience: str = ""
    leeway: float = Field(10, ge=0, le=300)
    max_lifetime: float = Field(3600, ge=1)
    require_iat: bool = False
    grace: float = Field(25, ge=0)
    deadline: float = Field(5, gt=0)
    ticket_expiry: float = Field(30, ge=1)
    revocations: int = Field(100_000, ge=1)
    public: bool = False
    api_keys: Annotated[frozenset[str], NoDecode] = named("API_KEYS", frozenset(), repr=False)

    _split = field_validator("modes", "api_keys", mode="before")(split)

    @property
    def takes_anonymous(self) -> bool:
        return AuthMode.ANONYMOUS in self.modes

    @property
    def takes_tokens(self) -> bool:
        return AuthMode.JWT in self.modes

    @property
    def token_life(self) -> float:
        """For how many seconds after its issue a token could be in use, at most: its end may lie
        `leeway` further away than allowed, and it is believed for `leeway` after it, too."""
        return self.max_lifetime + self.leeway + max(self.leeway, self.grace)

    @field_validator("modes")
    @classmethod
    def _are_some(cls, modes: frozenset[AuthMode]) -> frozenset[AuthMode]:
        if not modes:
            raise ValueError(f"it names at least one of {', '.join(AuthMode)}")
        return modes

    @field_validator("secret")
    @classmethod
    def _is_long_enough(cls, secret: str) -> str:
        if secret and len(secret.encode()) < SECRET_BYTES:
            # Without the secret itself.
            raise ValueError(
                f"it has at least {SECRET_BYTES} bytes, such as `openssl rand -hex 32`"
            )
        if re.match(r"\s*(-----|ssh-|ecdsa-|\{)", secret):
            # As PyJWT refuses to sign with them: everybody may know a public key.
            raise ValueError("it is a key of another kind; the keys of an issuer go into AUTH_JWKS")
        return secret

    @field_validator("jwks")
    @classmethod
    def _is_file_or_https(cls, jwks: str) -> str:
        if re.match("https://[^/]", jwks):
            return jwks
        if "://" in jwks:
            raise ValueError("it is a file, or an address that begins with https://")
        if jwks and not Path(jwks).is_file():
            raise ValueError("there is no such file")
        return jwks

    @field_validator("api_keys")
    @classmethod
    def _are_keys(cls, keys: frozenset[str]) -> frozenset[str]:
        for key in keys:
            if not re.fullmatch(f"[!-~]{{{API_KEY_CHARACTERS},200}}", key):
                raise ValueError(
                    f"a key has {API_KEY_CHARACTERS} to 200 visible ASCII characters, and keys are"
                    " separated by commas"
                )
        return keys

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.secret and self.jwks:
            raise ValueError(
                f"{PREFIX}AUTH_SECRET and {PREFIX}AUTH_JWKS are both set: tokens are signed with"
                " one secret, or by keys that are published, never both"
            )
        if self.takes_tokens and not (self.secret or self.jwks):
            raise ValueError(
                f"{PREFIX}AUTH=jwt needs {PREFIX}AUTH_SECRET or {PREFIX}AUTH_JWKS, to know whose"
                " tokens to believe"
            )
        if self.secret in self.api_keys:
            # Applications send a key with each request; the secret never leaves who signs.
            raise ValueError(f"{PREFIX}AUTH_SECRET is one of {PREFIX}API_KEYS: draw another one")
        return self
