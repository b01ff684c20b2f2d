"""`add-a-feature.md`, followed in a copy: what it says is done, and all is green there."""

from pathlib import Path

import pytest

from tests.unit.copying import Copy
from tests.unit.how_to import SECONDS, run_tests, run_whole_suite

PAGE = "add-a-feature.md"

MOST_FILES = 5
"""Of `src` that a new feature may touch beside its own."""


@pytest.mark.timeout(SECONDS)
def test_a_feature_is_added_by_its_page_alone(tmp_path: Path) -> None:
    copy = Copy(tmp_path)
    copy.follow(PAGE)
    assert len({name for name in copy.changed if name.startswith("src/")}) <= MOST_FILES
    assert not {name for name in copy.changed if name.startswith("tests/")}
    copy.check()
    run_tests(copy)


@pytest.mark.soak
def test_the_whole_suite_is_green_after_a_feature_was_added(tmp_path: Path) -> None:
    copy = Copy(tmp_path)
    copy.follow(PAGE)
    run_whole_suite(copy)
