"""What all groups of settings have in common: how they are named, and what is too much."""

from typing import Any

from pydantic import AliasChoices, Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "SWITCHBOARD_"

LARGEST = 10**12
"""Of any number: 30,000 years, or a terabyte. Larger ones overflow timers, sockets and Redis."""


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
    """One group; all of them have the same largest number."""

    _within_reason = field_validator("*")(within_reason)


def split(value: Any) -> Any:
    if isinstance(value, str):
        return frozenset(part for item in value.split(",") if (part := item.strip()))
    return value
