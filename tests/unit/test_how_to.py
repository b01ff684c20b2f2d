"""The pages of `docs/how-to`, followed in a copy: what they say is done, and all is green there."""

from pathlib import Path

import pytest

from tests.unit.copying import Copy

MOST_FILES = 5
"""Of `src` that a new feature may touch beside its own."""


def run_tests(copy: Copy) -> None:
    """The suite that needs no server, but for what makes copies of its own."""
    copy.run(
        "pytest",
        *("-q", "-n", "2", "--dist", "loadfile", "-p", "no:cacheprovider", "--timeout", "120"),
        *("--ignore", "tests/unit/test_how_to.py", "--ignore", "tests/unit/test_makefile.py"),
        "tests/unit",
    )


@pytest.mark.timeout(400)
def test_a_feature_is_added_by_its_page_alone(tmp_path: Path) -> None:
    copy = Copy(tmp_path)
    copy.follow("add-a-feature.md")
    assert len({name for name in copy.changed if name.startswith("src/")}) <= MOST_FILES
    assert not {name for name in copy.changed if name.startswith("tests/")}
    copy.check()
    run_tests(copy)


@pytest.mark.timeout(400)
def test_a_feature_is_removed_by_its_page_alone(tmp_path: Path) -> None:
    copy = Copy(tmp_path)
    copy.follow("remove-a-feature.md")
    copy.check()
    run_tests(copy)
