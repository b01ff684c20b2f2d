"""Settings that have two names, and what the tests of settings read them with."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.environment import GROUPS, SettingsAreWrong, flat_name, load_settings
from adapters.settings import Settings

IN_BRACKETS = {
    "REDIS_URL": ("redis_url", "redis://example:1/2", "redis://other:1/2"),
    "HOST": ("host", "0.0.0.1", "0.0.0.2"),
    "PORT": ("port", "1234", "4321"),
    "SEND_COMPLETION": ("send_completion", "true", "false"),
    "BACKEND": ("backend", "redis", "memory"),
    "LOG_WEBSOCKET": ("log_websocket", "true", "false"),
    "JOB_PACE": ("job_pace", "0.5", "2.5"),
    "EMBEDDED_REDIS_DIR": ("embedded_redis_dir", "/some/where", "/else/where"),
}
"""Settings that are read without the prefix, too: field, a value, another value."""

both_spellings = pytest.mark.parametrize("name", IN_BRACKETS)


def flat(settings: Settings) -> dict[str, object]:
    """All settings by the names that the environment has for them."""
    return {
        flat_name(group, field): getattr(getattr(settings, name), field)
        for name, group in GROUPS.items()
        for field in group.model_fields
    }


def shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


EXAMPLE = Path(__file__).parents[4] / ".env.example"


def names_of_all_settings() -> Iterator[str]:
    for group in GROUPS.values():
        for field, info in group.model_fields.items():
            name = f"SWITCHBOARD_{flat_name(group, field).upper()}"
            options = getattr(info.annotation, "model_fields", None)
            if options is None:
                yield name
            else:
                yield from (f"{name}__{option.upper()}" for option in options)


def refusal_of(**overrides: Any) -> str:
    with pytest.raises(SettingsAreWrong) as refused:
        load_settings(**overrides)
    return str(refused.value)
