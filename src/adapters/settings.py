"""Settings as typed values, in groups; `environment.py` reads them.

`.env.example` lists every setting with its default and its reason. Each group has its own prefix.
"""

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode

from adapters.auth_settings import AuthSettings
from adapters.lane_table import LANES, LanePlan
from adapters.limit_settings import KeptSettings, TrafficSettings
from adapters.origins import parse_origin
from adapters.settings_group import (
    PREFIX,
    SettingsGroup,
    config,
    in_any_case,
    named,
    spelt,
    split,
)

HOUR = 3600

SECRET_LENGTH = 32
"""Characters at least, of a secret that signs: as many random ones nobody finds by trying."""


class BackendName(StrEnum):
    MEMORY = "memory"
    REDIS = "redis"


class LogFormat(StrEnum):
    CONSOLE = "console"
    JSON = "json"


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class ServerSettings(SettingsGroup):
    """Where and how it is served; times in seconds."""

    model_config = config()

    host: str = named("HOST", "127.0.0.1", "HOST")
    port: int = named("PORT", 8080, "PORT", ge=0, le=65535)
    allowed_origins: Annotated[frozenset[str], NoDecode] = frozenset()
    allowed_hosts: Annotated[frozenset[str], NoDecode] = frozenset()
    visitor_secret: str = Field("", repr=False)
    max_frame_bytes: int = Field(64 * 1024, ge=1024, le=16 * 1024 * 1024)
    fast_frames: bool = True
    per_message_deflate: bool = False
    http_connections: int = Field(500, ge=1)
    handshake_timeout: float = Field(10, gt=0)
    keepalive_seconds: float = Field(20, gt=0)
    drain_notice: float = Field(0.5, ge=0)
    drain_seconds: float = Field(5, ge=0)
    shutdown_seconds: float = Field(10, gt=0)

    _split = field_validator("allowed_origins", "allowed_hosts", mode="before")(split)

    @field_validator("host")
    @classmethod
    def _is_an_address(cls, host: str) -> str:
        if not host:
            raise ValueError(
                "an address is needed, such as 127.0.0.1 for this machine only, or 0.0.0.0 or :: "
                "for all of its addresses"
            )
        return host

    @field_validator("visitor_secret")
    @classmethod
    def _is_long_enough(cls, secret: str) -> str:
        if 0 < len(secret) < SECRET_LENGTH:
            raise ValueError(
                f"at least {SECRET_LENGTH} characters are needed, this has {len(secret)}; "
                f"`openssl rand -hex {SECRET_LENGTH}` draws some"
            )
        return secret

    @field_validator("allowed_hosts")
    @classmethod
    def _hosts_are_names(cls, hosts: frozenset[str]) -> frozenset[str]:
        for host in hosts:
            if not re.fullmatch(r"\*|[A-Za-z0-9_.-]+", host):
                raise ValueError(
                    f"{host!r} is no host's name: names have no scheme, port or path, and"
                    " * alone stands for any"
                )
        return hosts

    @field_validator("allowed_origins")
    @classmethod
    def _as_browsers_write_them(cls, value: frozenset[str]) -> frozenset[str]:
        return frozenset(origin if origin == "*" else parse_origin(origin) for origin in value)


class SessionSettings(SettingsGroup):
    """What every session is given, and held to; times in seconds."""

    model_config = config()

    max_connections: int = Field(10_000, ge=1)
    mailbox_frames: int = Field(1_000, ge=8)
    mailbox_bytes: int = Field(4 * 1024 * 1024, ge=64 * 1024)
    buffered_bytes: int = Field(512 * 1024 * 1024, ge=64 * 1024)
    frames_per_second: float = Field(2_000, gt=0)
    frame_burst: int = Field(4_000, ge=1)
    bytes_per_second: float = Field(16 * 1024 * 1024, gt=0)
    byte_burst: int = Field(64 * 1024 * 1024, ge=1)
    flood_seconds: float = Field(10, gt=0)
    send_timeout: float = Field(10, gt=0)
    send_completion: bool = named("SEND_COMPLETION", False, "SEND_COMPLETION")
    log_websocket: bool = named("LOG_WEBSOCKET", False, "LOG_WEBSOCKET")
    log_ignored_actions: Annotated[frozenset[str], NoDecode] = frozenset({"ping", "pong"})

    _split = field_validator("log_ignored_actions", mode="before")(split)

    @field_validator("log_ignored_actions")
    @classmethod
    def _are_names(cls, value: frozenset[str]) -> frozenset[str]:
        for name in value:
            if not name.isidentifier():
                raise ValueError(f"{name[:80]!r} is no action; they are separated by commas")
        return value


class LimitSettings(SettingsGroup):
    """How much one member, room or message may be; times in seconds."""

    model_config = config()

    room_members: int = Field(2_000, ge=1)
    subscriptions: int = Field(64, ge=1)
    text_limit: int = Field(4_000, ge=1)
    event_data_bytes: int = Field(8 * 1024, ge=16)
    tally_names: int = Field(1_000, ge=1)
    tally_expiry: float = Field(HOUR, ge=1)


class LogSettings(SettingsGroup):
    model_config = config("LOG_")

    format: Annotated[LogFormat, in_any_case] = LogFormat.CONSOLE
    level: Annotated[LogLevel, in_any_case] = LogLevel.INFO
    repeats: int = Field(5, ge=1)
    lines_per_second: int = Field(1_000, ge=0)


class RedisSettings(SettingsGroup):
    """In seconds: `timeout` bounds each answer and connect, `silence` how long a link may carry
    nothing, `patience` how long clients are kept without Redis; `check_seconds` lie between
    two comparisons of positions. `pool` is how many connections, `recovery_bytes` what all
    recoveries of a process may hold at once."""

    model_config = config("REDIS_")

    url: str = named("REDIS_URL", "redis://127.0.0.1:6379/0", "REDIS_URL", repr=False)
    prefix: Annotated[
        str, spelt(r"[A-Za-z0-9_.-]{1,64}", '1 to 64 letters from A to Z, digits, "_", "." and "-"')
    ] = "switchboard"
    timeout: float = Field(2, gt=0)
    silence: float = Field(10, gt=0)
    pool: int = Field(32, ge=4, le=10_000)
    backlog: int = Field(10_000, ge=1)
    patience: float = Field(60, gt=0)
    check_seconds: float = Field(3, gt=0)
    recovery_bytes: int = Field(64 * 1024 * 1024, ge=1024)
    presence_lease: float = named("PRESENCE_LEASE", 15, ge=1)
    embedded_dir: Path | None = named("EMBEDDED_REDIS_DIR", None, "EMBEDDED_REDIS_DIR")


class JobSettings(SettingsGroup):
    """Times in seconds."""

    model_config = config("JOB_")

    pace: float = named("JOB_PACE", 1.0, "JOB_PACE", ge=0, le=100)
    timeout: float = Field(300, gt=0)
    lease: float = Field(10, ge=0.5)
    waiting: float = Field(10, ge=1)
    losses: int = Field(3, ge=1)
    slots: int = Field(10, ge=1, le=1_000)
    queue_limit: int = Field(1_000, ge=1)
    output_limit: int = Field(262_144, ge=1_000)
    retention: float = Field(HOUR, ge=1)
    records: int = Field(10_000, ge=1)
    # As many as every backend promises to find: `job_ports.LISTED_BACK`.
    listed: int = Field(50, ge=1, le=200)


class IdempotencySettings(SettingsGroup):
    """How many keys of durable sends an audience remembers, and for how many seconds."""

    model_config = config("IDEMPOTENCY_")

    keys: int = named("IDEMPOTENCY_KEYS", 10_000, f"{PREFIX}SEND_KEYS", ge=1)
    key_expiry: float = named("IDEMPOTENCY_KEY_EXPIRY", 300.0, f"{PREFIX}SEND_KEY_EXPIRY", ge=1)


class MainSettings(SettingsGroup):
    model_config = config()

    backend: Annotated[BackendName, in_any_case] = named("BACKEND", BackendName.MEMORY, "BACKEND")


@dataclass(frozen=True, slots=True)
class Settings:
    """All groups; adapters are given the one that they need."""

    main: MainSettings
    server: ServerSettings
    auth: AuthSettings
    sessions: SessionSettings
    limits: LimitSettings
    traffic: TrafficSettings
    kept: KeptSettings
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
