"""Settings of the lanes: a field for each row of the table of lanes."""

from typing import Annotated, Any, Self, cast

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    create_model,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode

from adapters.lane_table import LANES, LaneKind, LanePlan
from adapters.settings_group import PREFIX, SettingsGroup, config, in_any_case, spelt, within_reason
from application.ports import SlowReaders


class LaneOptions(BaseModel):
    model_config = ConfigDict(extra="ignore")

    _within_reason = field_validator("*")(within_reason)

    kind: Annotated[LaneKind, in_any_case]
    prefix: Annotated[
        str, spelt(r"[a-z0-9_-]{1,32}", '1 to 32 letters from a to z, digits, "_" and "-"')
    ]
    capacity: int = Field(ge=0, le=1_000_000)
    expiry: float = Field(ge=0)
    group_bytes: int = Field(ge=1024)
    max_bytes: int = Field(ge=1024)
    slow_readers: Annotated[SlowReaders, in_any_case]

    @field_validator("capacity", "expiry")
    @classmethod
    def _durable_keeps_something(cls, value: float, info: ValidationInfo) -> float:
        if not value and info.data.get("kind") is LaneKind.DURABLE:
            raise ValueError("a durable lane needs more than 0")
        return value


def _options(plan: LanePlan) -> LaneOptions:
    return LaneOptions(
        kind=plan.kind,
        prefix=plan.prefix or plan.name,
        capacity=plan.capacity,
        expiry=plan.expiry,
        group_bytes=plan.group_bytes,
        max_bytes=plan.max_bytes,
        slow_readers=plan.slow_readers,
    )


class _LaneSettings(SettingsGroup):
    model_config = config("LANE_")

    @field_validator("*", mode="before")
    @classmethod
    def _by_its_options(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, str):
            name = f"{PREFIX}LANE_{info.field_name}".upper()
            raise ValueError(f"a lane is set by its options, such as {name}__CAPACITY")
        return value

    @model_validator(mode="after")
    def _prefixes_differ(self) -> Self:
        owners: dict[str, str] = {}
        for name in LANES:
            prefix = getattr(self, name).prefix
            if (other := owners.setdefault(prefix, name)) != name:
                one, two = (f"{PREFIX}LANE_{lane.upper()}__PREFIX" for lane in (other, name))
                raise ValueError(f"{one} and {two} can't both be {prefix!r}")
        return self


LaneSettings: type[BaseSettings] = create_model(
    "LaneSettings",
    __base__=_LaneSettings,
    **cast(
        Any,
        {plan.name: (Annotated[LaneOptions, NoDecode], _options(plan)) for plan in LANES.values()},
    ),
)
"""A field for each row of the table of lanes."""
