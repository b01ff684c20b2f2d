"""`remove-a-feature.md`, followed in a copy. In a file of its own, because `make test` gives each
file to one process and each page takes minutes."""

from pathlib import Path

import pytest

from tests.unit.copying import Copy
from tests.unit.how_to import SECONDS, run_tests, run_whole_suite

PAGE = "remove-a-feature.md"


@pytest.mark.timeout(SECONDS)
def test_a_feature_is_removed_by_its_page_alone(tmp_path: Path) -> None:
    copy = Copy(tmp_path)
    copy.follow(PAGE)
    copy.check()
    run_tests(copy)


@pytest.mark.soak
def test_the_whole_suite_is_green_after_a_feature_was_removed(tmp_path: Path) -> None:
    copy = Copy(tmp_path)
    copy.follow(PAGE)
    run_whole_suite(copy)
