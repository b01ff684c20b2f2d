"""Settings as typed values, in groups; `environment.py` reads them.

`.env.example` lists every setting with its default and its reason. Each group has its own prefix.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, cast

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    create_model,
    field_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from adapters.lane_table import LANES, LaneKind, LanePlan

PREFIX = "SWITCHBOARD_"
HOUR = 3600


class BackendName(StrEnum):
    MEMORY = "memory"
    REDIS = "redis"


class LogFormat(StrEnum):
    CONSOLE = "console"
    JSON = "json"


def _config(prefix: str = "") -> SettingsConfigDict:
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


def _named(name: str, default: Any, *others: str, **bounds: Any) -> Any:
    """A setting with a name of its own, whatever its group; `others` are read, too."""
    return Field(default, validation_alias=AliasChoices(PREFIX + name, *others), **bounds)


def _split(value: Any) -> Any:
    if isinstance(value, str):
        return frozenset(part for item in value.split(",") if (part := item.strip()))
    return value


class ServerSettings(BaseSettings):
    """Where and how it is served; times in seconds."""

    model_config = _config()

    host: str = _named("HOST", "127.0.0.1", "HOST")
    port: int = _named("PORT", 8080, "PORT", ge=0, le=65535)
    allowed_origins: Annotated[frozenset[str], NoDecode] = frozenset()
    max_frame_bytes: int = Field(64 * 1024, ge=1024, le=16 * 1024 * 1024)
    fast_frames: bool = True
    per_message_deflate: bool = False
    http_connections: int = Field(500, ge=1)
    handshake_timeout: float = Field(10, gt=0)
    keepalive_seconds: float = Field(20, gt=0)
    drain_notice: float = Field(0.5, ge=0)
    drain_seconds: float = Field(5, ge=0)
    shutdown_seconds: float = Field(10, gt=0)

    split = field_validator("allowed_origins", mode="before")(_split)


class SessionSettings(BaseSettings):
    """What every session is given, and held to; times in seconds."""

    model_config = _config()

    max_connections: int = Field(10_000, ge=1)
    mailbox_frames: int = Field(1_000, ge=8)
    mailbox_bytes: int = Field(4 * 1024 * 1024, ge=64 * 1024)
    frames_per_second: float = Field(2_000, gt=0)
    frame_burst: int = Field(4_000, ge=1)
    flood_seconds: float = Field(10, gt=0)
    send_timeout: float = Field(10, gt=0)
    send_completion: bool = _named("SEND_COMPLETION", False, "SEND_COMPLETION")
    log_websocket: bool = _named("LOG_WEBSOCKET", False, "LOG_WEBSOCKET")
    log_ignored_actions: Annotated[frozenset[str], NoDecode] = frozenset({"ping", "pong"})

    split = field_validator("log_ignored_actions", mode="before")(_split)


class LimitSettings(BaseSettings):
    """How much one member, room or message may be."""

    model_config = _config()

    room_members: int = Field(2_000, ge=1)
    subscriptions: int = Field(64, ge=1)
    text_limit: int = Field(4_000, ge=1)
    event_data_bytes: int = Field(8 * 1024, ge=16)
    tally_names: int = Field(1_000, ge=1)


class LogSettings(BaseSettings):
    model_config = _config("LOG_")

    format: LogFormat = LogFormat.CONSOLE
    level: Annotated[str, Field(pattern="^(debug|info|warning|error)$")] = "info"


class RedisSettings(BaseSettings):
    """`timeout` bounds each answer and each connect, `patience` how long clients are kept without
    Redis, in seconds; `pool` how many connections."""

    model_config = _config("REDIS_")

    url: str = _named("REDIS_URL", "redis://127.0.0.1:6379/0", "REDIS_URL")
    prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")] = "switchboard"
    timeout: float = Field(2, gt=0)
    pool: int = Field(32, ge=4)
    backlog: int = Field(10_000, ge=1)
    patience: float = Field(60, gt=0)
    presence_lease: float = _named("PRESENCE_LEASE", 15, ge=1)
    embedded_dir: Path | None = _named("EMBEDDED_REDIS_DIR", None, "EMBEDDED_REDIS_DIR")

    @field_validator("embedded_dir", mode="before")
    @classmethod
    def _empty_is_none(cls, value: Any) -> Any:
        return value or None


class JobSettings(BaseSettings):
    """Times in seconds."""

    model_config = _config("JOB_")

    pace: float = _named("JOB_PACE", 1.0, "JOB_PACE", ge=0, le=100)
    timeout: float = Field(300, gt=0)
    lease: float = Field(10, ge=0.5)
    waiting: float = Field(10, ge=1)
    losses: int = Field(3, ge=1)
    slots: int = Field(10, ge=1, le=1_000)
    queue_limit: int = Field(1_000, ge=1)
    retention: float = Field(HOUR, ge=1)
    records: int = Field(10_000, ge=1)


class LaneOptions(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: LaneKind
    prefix: str = Field(pattern=r"^[a-z0-9_-]{1,32}$")
    capacity: int = Field(ge=0, le=1_000_000)
    expiry: float = Field(ge=0)
    max_bytes: int = Field(ge=1024)

    @field_validator("capacity", "expiry")
    @classmethod
    def _durable_keeps_something(cls, value: float, info: ValidationInfo) -> float:
        if not value and info.data.get("kind") is LaneKind.DURABLE:
            raise ValueError("a durable lane needs more than 0")
        return value


class IdempotencySettings(BaseSettings):
    """How many keys of durable sends an audience remembers, and for how many seconds."""

    model_config = _config("IDEMPOTENCY_")

    keys: int = _named("IDEMPOTENCY_KEYS", 10_000, f"{PREFIX}SEND_KEYS", ge=1)
    key_expiry: float = _named("IDEMPOTENCY_KEY_EXPIRY", 300.0, f"{PREFIX}SEND_KEY_EXPIRY", ge=1)


def _options(plan: LanePlan) -> LaneOptions:
    return LaneOptions(
        kind=plan.kind,
        prefix=plan.prefix or plan.name,
        capacity=plan.capacity,
        expiry=plan.expiry,
        max_bytes=plan.max_bytes,
    )


class _LaneSettings(BaseSettings):
    model_config = _config("LANE_")


LaneSettings: type[BaseSettings] = create_model(
    "LaneSettings",
    __base__=_LaneSettings,
    **cast(
        Any,
        {plan.name: (Annotated[LaneOptions, NoDecode], _options(plan)) for plan in LANES.values()},
    ),
)
"""A field for each row of the table of lanes."""


class MainSettings(BaseSettings):
    model_config = _config()

    backend: BackendName = _named("BACKEND", BackendName.MEMORY, "BACKEND")


@dataclass(frozen=True, slots=True)
class Settings:
    """All groups; adapters are given the one that they need."""

    main: MainSettings
    server: ServerSettings
    sessions: SessionSettings
    limits: LimitSettings
    log: LogSettings
    redis: RedisSettings
    jobs: JobSettings
    idempotency: IdempotencySettings
    lanes: BaseSettings

    @property
    def backend(self) -> BackendName:
        return self.main.backend

    def lane_plans(self) -> dict[str, LanePlan]:
        """The table of lanes, as these settings have it."""
        return {
            name: replace(
                plan,
                keys=self.idempotency.keys,
                key_expiry=self.idempotency.key_expiry,
                **getattr(self.lanes, name).model_dump(),
            )
            for name, plan in LANES.items()
        }
