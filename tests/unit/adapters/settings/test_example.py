"""`.env.example` names every setting, with its reason, and changes nothing."""

import re
from pathlib import Path

import pytest
from pydantic import AliasChoices

from adapters.settings import GROUPS, load_settings
from tests.unit.adapters.settings.spellings import (
    EXAMPLE,
    IN_BRACKETS,
    both_spellings,
    names_of_all_settings,
)


def example_lines() -> list[str]:
    return re.findall(r"^#? ?(SWITCHBOARD_\w+=.*)$", EXAMPLE.read_text(), re.MULTILINE)


def test_the_example_lists_every_setting_once_and_no_other() -> None:
    listed = [line.partition("=")[0] for line in example_lines()]
    assert sorted(listed) == sorted(names_of_all_settings())


def test_every_setting_that_is_read_without_the_prefix_is_tried_so() -> None:
    aliases = (
        field.validation_alias for group in GROUPS.values() for field in group.model_fields.values()
    )
    names = {
        str(name) for alias in aliases if isinstance(alias, AliasChoices) for name in alias.choices
    }
    assert {name for name in names if not name.startswith("SWITCHBOARD_")} == set(IN_BRACKETS)


def test_the_example_has_no_other_names_in_brackets() -> None:
    assert set(re.findall(r"^# \[(\w+)\]", EXAMPLE.read_text(), re.MULTILINE)) == set(IN_BRACKETS)


@both_spellings
def test_the_example_tells_the_names_without_prefix(name: str) -> None:
    text = EXAMPLE.read_text()
    before, found, _ = text.partition(f"SWITCHBOARD_{name}=")
    assert found
    assert f"[{name}]" in before.rpartition("\n\n")[2]


def test_every_setting_in_the_example_has_its_reason_above_it() -> None:
    for block in EXAMPLE.read_text().split("\n\n"):
        if re.search(r"^#?SWITCHBOARD_", block, re.MULTILINE):
            first = block.lstrip("\n").splitlines()[0]
            assert re.match(r"# \S+", first), block


@pytest.mark.parametrize("line", example_lines())
def test_a_line_of_the_example_that_is_taken_over_as_it_is_changes_nothing(
    empty_environment: Path, line: str
) -> None:
    before = load_settings()
    (empty_environment / ".env").write_text(line)
    assert load_settings() == before


def test_the_whole_example_taken_over_as_it_is_changes_nothing(empty_environment: Path) -> None:
    before = load_settings()
    (empty_environment / ".env").write_text("\n".join(example_lines()))
    assert load_settings() == before
