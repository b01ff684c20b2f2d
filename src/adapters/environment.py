"""Reading the settings: from the environment and `.env`, all groups together.

The names of all groups are flat: `SWITCHBOARD_JOB_LEASE` is `settings.jobs.lease`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast, get_type_hints

from pydantic import AliasChoices, ValidationError
from pydantic_settings import BaseSettings

from adapters.settings import PREFIX, LaneSettings, Settings


class SettingsAreWrong(Exception):
    """One line for each wrong setting: its name, its value, what is allowed."""


GROUPS: Mapping[str, type[BaseSettings]] = {
    **{name: group for name, group in get_type_hints(Settings).items() if name != "lanes"},
    "lanes": LaneSettings,
}


def flat_name(group: type[BaseSettings], field: str) -> str:
    """A setting's name in the environment, less the prefix that all have, in lower case."""
    alias = group.model_fields[field].validation_alias
    if isinstance(alias, AliasChoices):
        return str(alias.choices[0]).removeprefix(PREFIX).lower()
    return f"{group.model_config['env_prefix']}{field}".removeprefix(PREFIX).lower()


def load_settings(_env_file: Path | str | None = ".env", **overrides: Any) -> Settings:
    """Read the environment and `_env_file`; `overrides` are flat names, such as `job_lease`.

    Raises `SettingsAreWrong`, and `TypeError` for an override that is no setting.
    """
    groups: dict[str, BaseSettings] = {}
    problems: list[str] = []
    for name, group in GROUPS.items():
        flat = {flat_name(group, field): field for field in group.model_fields}
        given = {flat[key]: overrides.pop(key) for key in list(overrides) if key in flat}
        try:
            groups[name] = group(_env_file=_env_file, **given)
        except ValidationError as error:
            problems += [_line(group, problem) for problem in error.errors()]
    if overrides:
        raise TypeError(f"no such settings: {', '.join(overrides)}")
    if problems:
        raise SettingsAreWrong("\n".join(problems))
    return Settings(**cast(Any, groups))


def _line(group: type[BaseSettings], problem: Any) -> str:
    first, *rest = (str(part) for part in problem["loc"])
    name = flat_name(group, first) if first in group.model_fields else first
    name = "__".join((name, *rest)).upper()
    name = name if name.startswith(PREFIX) else f"{PREFIX}{name}"
    value = str(problem["input"])[:80]
    return f"{name}={value!r} can't be used: {problem['msg'].removeprefix('Value error, ')}."
