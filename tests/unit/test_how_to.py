"""The pages of `docs/how-to`, followed in a copy: what they say is done, and all is green there."""

from pathlib import Path

import pytest

from tests.unit.copying import Copy

MOST_FILES = 5
"""Of `src` that a new feature may touch beside its own."""


LEFT_OUT = [
    "test_how_to.py",  # this one
    "test_makefile.py",  # makes copies of its own
    "test_import_contracts.py",  # likewise
    "adapters/server",  # knows no features
    "adapters/cli",  # likewise
]


def run_tests(copy: Copy) -> None:
    """The suite that needs no server."""
    left_out = [word for name in LEFT_OUT for word in ("--ignore", f"tests/unit/{name}")]
    copy.run("pytest", "-q", "-p", "no:cacheprovider", *left_out, "tests/unit", seconds=800)


@pytest.mark.timeout(1000)
def test_a_feature_is_added_by_its_page_alone(tmp_path: Path) -> None:
    copy = Copy(tmp_path)
    copy.follow("add-a-feature.md")
    assert len({name for name in copy.changed if name.startswith("src/")}) <= MOST_FILES
    assert not {name for name in copy.changed if name.startswith("tests/")}
    copy.check()
    run_tests(copy)


@pytest.mark.timeout(1000)
def test_a_feature_is_removed_by_its_page_alone(tmp_path: Path) -> None:
    copy = Copy(tmp_path)
    copy.follow("remove-a-feature.md")
    copy.check()
    run_tests(copy)
