"""Settings: the environment (or `.env`) as typed values, each bound with its reason."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from adapters.layers.lanes import LaneKind, LaneName, LanePlan

PREFIX = "SWITCHBOARD_"
MINUTE, HOUR = 60, 3600


class BackendName(StrEnum):
    MEMORY = "memory"
    REDIS = "redis"


class LogFormat(StrEnum):
    CONSOLE = "console"
    JSON = "json"


class SettingsAreWrong(Exception):
    """One line for each wrong setting: its name, its value, what is allowed."""


class LaneOptions(BaseModel):
    kind: LaneKind = LaneKind.EPHEMERAL
    prefix: str = Field(pattern=r"^[a-z0-9_-]{1,32}$")
    capacity: int = Field(0, ge=0, le=1_000_000)
    expiry: float = Field(0.0, ge=0)
    max_bytes: int = Field(64 * 1024 * 1024, ge=1024)


def _durable(prefix: str, capacity: int, expiry: float) -> LaneOptions:
    return LaneOptions(kind=LaneKind.DURABLE, prefix=prefix, capacity=capacity, expiry=expiry)


def _also(name: str, default: Any, **bounds: Any) -> Any:
    """A setting that is read without the prefix, too."""
    return Field(default, validation_alias=AliasChoices(PREFIX + name, name), **bounds)


class Settings(BaseSettings):
    """`.env.example` lists every setting with its default and its reason."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        env_nested_delimiter="__",
        nested_model_default_partial_update=True,
        extra="ignore",
        allow_inf_nan=False,
        frozen=True,
        populate_by_name=True,
    )

    backend: BackendName = _also("BACKEND", BackendName.MEMORY)
    redis_url: str = _also("REDIS_URL", "redis://127.0.0.1:6379/0")
    redis_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")] = "switchboard"
    redis_timeout: float = Field(2, gt=0)
    redis_pool: int = Field(32, ge=4)
    redis_backlog: int = Field(10_000, ge=1)
    redis_patience: float = Field(60, gt=0)
    presence_lease: float = Field(15, ge=1)
    embedded_redis_dir: Path | None = _also("EMBEDDED_REDIS_DIR", None)
    host: str = _also("HOST", "127.0.0.1")
    port: int = _also("PORT", 8080, ge=0, le=65535)

    send_completion: bool = _also("SEND_COMPLETION", False)
    log_websocket: bool = _also("LOG_WEBSOCKET", False)
    log_ignored_actions: Annotated[frozenset[str], NoDecode] = frozenset({"ping", "pong"})
    log_format: LogFormat = LogFormat.CONSOLE
    log_level: Annotated[str, Field(pattern="^(debug|info|warning|error)$")] = "info"

    # Walls against strangers.
    allowed_origins: Annotated[frozenset[str], NoDecode] = frozenset()
    max_connections: int = Field(10_000, ge=1)
    room_members: int = Field(2_000, ge=1)
    max_frame_bytes: int = Field(64 * 1024, ge=1024, le=16 * 1024 * 1024)
    frames_per_second: float = Field(2_000, gt=0)
    frame_burst: int = Field(4_000, ge=1)
    flood_seconds: float = Field(10, gt=0)
    mailbox_frames: int = Field(1_000, ge=8)
    mailbox_bytes: int = Field(4 * 1024 * 1024, ge=64 * 1024)
    subscriptions: int = Field(64, ge=1)
    text_limit: int = Field(4_000, ge=1)
    event_data_bytes: int = Field(8 * 1024, ge=16)
    tally_names: int = Field(1_000, ge=1)

    # Patience, in seconds.
    send_timeout: float = Field(10, gt=0)
    handshake_timeout: float = Field(10, gt=0)
    keepalive_seconds: float = Field(20, gt=0)
    drain_notice: float = Field(0.5, ge=0)
    drain_seconds: float = Field(5, ge=0)
    shutdown_seconds: float = Field(10, gt=0)

    # The WebSocket protocol.
    fast_frames: bool = True
    per_message_deflate: bool = False

    # Jobs.
    job_pace: float = _also("JOB_PACE", 1.0, ge=0, le=100)
    job_timeout: float = Field(300, gt=0)
    job_lease: float = Field(10, ge=0.5)
    job_waiting: float = Field(10, ge=1)
    job_losses: int = Field(3, ge=1)
    job_slots: int = Field(10, ge=1, le=1_000)
    job_queue_limit: int = Field(1_000, ge=1)
    job_retention: float = Field(HOUR, ge=1)
    job_records: int = Field(10_000, ge=1)

    # Retries of durable sends.
    send_keys: int = Field(10_000, ge=1)
    send_key_expiry: float = Field(5 * MINUTE, ge=1)

    # The seed's five lanes, and two of ours. Capacity in messages, expiry in seconds.
    lane_memory: Annotated[LaneOptions, NoDecode] = LaneOptions(prefix="memory")
    lane_chat: Annotated[LaneOptions, NoDecode] = LaneOptions(prefix="chat")
    lane_queue: Annotated[LaneOptions, NoDecode] = _durable("queue", 1_000, 15 * MINUTE)
    lane_notifications: Annotated[LaneOptions, NoDecode] = LaneOptions(prefix="notifications")
    lane_analytics: Annotated[LaneOptions, NoDecode] = _durable("analytics", 5_000, HOUR)
    lane_rooms: Annotated[LaneOptions, NoDecode] = _durable("rooms", 200, 24 * HOUR)
    lane_jobs: Annotated[LaneOptions, NoDecode] = _durable("jobs", 500, HOUR)

    @field_validator("log_ignored_actions", "allowed_origins", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if isinstance(value, str):
            return frozenset(part for item in value.split(",") if (part := item.strip()))
        return value

    @field_validator("embedded_redis_dir", mode="before")
    @classmethod
    def _empty_is_none(cls, value: Any) -> Any:
        return value or None

    def lane_plans(self) -> dict[LaneName, LanePlan]:
        plans = {}
        for name in LaneName:
            options: LaneOptions = getattr(self, f"lane_{name}")
            plans[name] = LanePlan(
                name=name,
                keys=self.send_keys,
                key_expiry=self.send_key_expiry,
                **options.model_dump(),
            )
        return plans


def load_settings(**overrides: Any) -> Settings:
    """Read the environment and `.env`; raises `SettingsAreWrong`."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise SettingsAreWrong("\n".join(_line(problem) for problem in error.errors())) from None


def _line(problem: Any) -> str:
    name = "__".join(str(part) for part in problem["loc"]).upper()
    name = name if name.startswith(PREFIX) or not name else f"{PREFIX}{name}"
    value = str(problem["input"])[:80]
    return f"{name}={value!r} can't be used: {problem['msg']}."
