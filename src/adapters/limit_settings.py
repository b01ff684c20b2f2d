"""Settings of what one address and one member may do; by second, with a burst ahead of that."""

from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import NoDecode

from adapters.addresses import Proxies
from adapters.buckets import Rate
from adapters.settings_group import SettingsGroup, config, split

MEBIBYTE = 1024 * 1024


class KeptSettings(SettingsGroup):
    """What one member and one address may have kept; `recovery_wait` is in seconds."""

    model_config = config()

    address_rooms_per_second: float = Field(20, gt=0)
    address_room_burst: int = Field(2_000, ge=1)
    member_rooms_per_second: float = Field(5, gt=0)
    member_room_burst: int = Field(500, ge=1)
    address_names_per_second: float = Field(0.1, gt=0)
    address_name_burst: int = Field(500, ge=1)
    member_names_per_second: float = Field(0.05, gt=0)
    member_name_burst: int = Field(250, ge=1)
    address_jobs_waiting: int = Field(250, ge=1)
    member_jobs_waiting: int = Field(100, ge=1)
    address_job_bytes: int = Field(256 * MEBIBYTE, ge=1)
    member_job_bytes: int = Field(64 * MEBIBYTE, ge=1)
    address_recoveries: int = Field(100, ge=1)
    member_recoveries: int = Field(10, ge=1)
    recovery_wait: float = Field(5, gt=0)


class TrafficSettings(SettingsGroup):
    """`trusted_proxies` are addresses and networks. With `dry_run` nothing is refused, only told
    and counted."""

    model_config = config()

    trusted_proxies: Annotated[frozenset[str], NoDecode] = frozenset({"127.0.0.0/8", "::1"})
    limits_dry_run: bool = False
    address_connections: int = Field(5_000, ge=1)
    address_handshakes_per_second: float = Field(500, gt=0)
    address_handshake_burst: int = Field(5_000, ge=1)
    address_requests_per_second: float = Field(1_000, gt=0)
    address_request_burst: int = Field(5_000, ge=1)
    address_failures_per_second: float = Field(5, gt=0)
    address_failure_burst: int = Field(500, ge=1)
    member_frames_per_second: float = Field(4_000, gt=0)
    member_frame_burst: int = Field(8_000, ge=1)
    member_bytes_per_second: float = Field(32 * MEBIBYTE, gt=0)
    member_byte_burst: int = Field(128 * MEBIBYTE, ge=1)

    @property
    def member_frames(self) -> Rate:
        return Rate(self.member_frames_per_second, self.member_frame_burst)

    @property
    def member_bytes(self) -> Rate:
        return Rate(self.member_bytes_per_second, self.member_byte_burst)

    _split = field_validator("trusted_proxies", mode="before")(split)

    @field_validator("trusted_proxies")
    @classmethod
    def _are_addresses(cls, proxies: frozenset[str]) -> frozenset[str]:
        for proxy in proxies:
            try:
                Proxies([proxy])
            except ValueError:
                raise ValueError(
                    f"{proxy[:80]!r} is neither an address nor a network such as 10.0.0.0/8"
                ) from None
        return proxies
