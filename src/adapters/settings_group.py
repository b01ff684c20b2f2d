"""What all groups of settings have in common: how they are named and spelt, what is too much, and
what an empty value means."""

import re
from typing import Any

from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field, field_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

PREFIX = "SWITCHBOARD_"

LARGEST = 10**12
"""Of any number: 30,000 years, or a terabyte. Larger ones overflow timers, sockets and Redis."""

EMPTY_COUNTS = {
    "host",
    "switchboard_host",
    "switchboard_auth",
    "switchboard_log_ignored_actions",
}
"""What is not left at its default by an empty value. No actions are ignored if none are named. An
empty HOST means "everywhere" to many servers, and an empty AUTH would let everybody in: whoever
writes one is asked what is meant."""


def config(prefix: str = "") -> SettingsConfigDict:
    return SettingsConfigDict(
        env_prefix=PREFIX + prefix,
        env_file=".env",
        env_nested_delimiter="__",
        nested_model_default_partial_update=True,
        extra="ignore",
        allow_inf_nan=False,
        frozen=True,
        populate_by_name=True,
    )


def named(name: str, default: Any, *others: str, **bounds: Any) -> Any:
    """A setting with a name of its own, whatever its group; `others` are read, too."""
    return Field(default, validation_alias=AliasChoices(PREFIX + name, *others), **bounds)


def within_reason(value: Any) -> Any:
    if isinstance(value, int | float) and value > LARGEST:
        raise ValueError(f"at most {LARGEST} is allowed")
    return value


class SettingsGroup(BaseSettings):
    """One group. All of them have the same largest number, and in all a name that is set to
    nothing is not set: so compose files hand on a variable that they were not given."""

    _within_reason = field_validator("*")(within_reason)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        for source in (env_settings, dotenv_settings):
            if isinstance(source, EnvSettingsSource):
                source.env_vars = {
                    name: value
                    for name, value in source.env_vars.items()
                    if value or name in EMPTY_COUNTS
                }
        return init_settings, env_settings, dotenv_settings


def _lowered(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


in_any_case = BeforeValidator(_lowered)
"""For a choice of words: INFO is info."""


def spelt(pattern: str, allowed: str) -> AfterValidator:
    """A text that matches `pattern` from end to end; `allowed` says the same in words."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"{allowed} are allowed")
        return value

    return AfterValidator(check)


def split(value: Any) -> Any:
    if isinstance(value, str):
        return frozenset(part for item in value.split(",") if (part := item.strip()))
    return value
