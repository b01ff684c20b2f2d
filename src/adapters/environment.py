"""Reading the settings: from the environment and `.env`, all groups together.

The names of all groups are flat: `SWITCHBOARD_JOB_LEASE` is `settings.jobs.lease`.
"""

import difflib
import logging
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast, get_type_hints

from pydantic import AliasChoices, ValidationError
from pydantic_settings import BaseSettings

from adapters.dotenv_file import FileIsWrong, names_in
from adapters.lane_settings import LaneSettings
from adapters.settings import Settings
from adapters.settings_group import PREFIX

log = logging.getLogger(__name__)

ALIKE = 0.75
"""From here on a name is a slip of a setting's: PROT and PORT are 0.75, equal names 1."""

_LINK = re.compile(r"(tcp|udp|sctp)://.*", re.IGNORECASE)
_LINK_NAME = re.compile(r".*SERVICE_(HOST|PORT(_.*)?)|.*PORT_\d+_(TCP|UDP|SCTP)(_.*)?")
"""What Kubernetes and Docker set for services whose names begin with `switchboard`."""


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

    A name that is much like a setting's stops the start, as a wrong value does: what it was to
    set would not hold. Any other with our prefix is told in the log, and ignored; so is a setting
    that lacks the prefix in the file. In the environment, names without it are others'.
    Raises `SettingsAreWrong`, and `TypeError` for an override that is no setting.
    """
    file = None if _env_file is None else Path(_env_file)
    try:
        in_file = set() if file is None else names_in(file, _is_ours)
    except FileIsWrong as error:
        raise SettingsAreWrong(str(error)) from None
    groups: dict[str, BaseSettings] = {}
    _tell_unprefixed(in_file)
    problems = list(_misspelt(in_file))
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


def names_of_settings() -> Iterator[str]:
    """Every name that is read, in capitals."""
    for group in GROUPS.values():
        for field, info in group.model_fields.items():
            alias = info.validation_alias
            own = f"{PREFIX}{flat_name(group, field).upper()}"
            yield from map(str, alias.choices) if isinstance(alias, AliasChoices) else [own]
            options = getattr(info.annotation, "model_fields", {})
            yield from (f"{own}__{option.upper()}" for option in options)


def _is_ours(name: str) -> bool:
    return name.upper().startswith(PREFIX) or name.upper() in names_of_settings()


def _tell_unprefixed(in_file: set[str]) -> None:
    for name in sorted(in_file):
        meant = f"{PREFIX}{name.upper()}"
        if not _is_ours(name) and meant in names_of_settings():
            log.warning("%s is not read; is %s meant?", name, meant)


def _misspelt(in_file: set[str]) -> Iterator[str]:
    """A line for each name that is nearly a setting's."""
    known = {name.removeprefix(PREFIX) for name in names_of_settings()}
    given = dict.fromkeys(in_file, "") | dict(os.environ)
    for full, value in given.items():
        name = full.upper().removeprefix(PREFIX)
        if name == full.upper() or name in known or _LINK_NAME.fullmatch(name):
            continue
        if _LINK.fullmatch(value):
            continue
        if near := difflib.get_close_matches(name, known, n=1, cutoff=ALIKE):
            yield f"{full} is no setting; is {PREFIX}{near[0]} meant?"
        else:
            log.warning("%s is no setting, and is ignored", full)


def _is_secret(group: type[BaseSettings], name: str) -> bool:
    """Whether a setting, by its field's name or by one in the environment, is never shown."""
    for field, info in group.model_fields.items():
        alias = info.validation_alias
        names = alias.choices if isinstance(alias, AliasChoices) else ()
        if name == field or name in names:
            return not info.repr
    return False


def _line(group: type[BaseSettings], problem: Any) -> str:
    reason = problem["msg"].removeprefix("Value error, ")
    if not problem["loc"]:
        return f"{reason}."
    # A number stands for a place in a list, which is one setting.
    first, *rest = (part for part in problem["loc"] if isinstance(part, str))
    name = flat_name(group, first) if first in group.model_fields else first
    name = "__".join((name, *rest)).upper()
    name = name if name.startswith(PREFIX) else f"{PREFIX}{name}"
    if _is_secret(group, first):
        # A secret: it must not stand in the log, not even a wrong one.
        return f"{name} can't be used: {reason}."
    value = str(problem["input"])[:80]
    if _LINK.fullmatch(value):
        reason = (
            "Kubernetes sets this for a service called switchboard; set enableServiceLinks: false "
            "in the pod, or call the service something else"
        )
    return f"{name}={value!r} can't be used: {reason}."
