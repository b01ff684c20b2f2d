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


OVER_REAL_SOCKETS = "tests/integration/test_sockets.py"
"""What each socket is for, with a real server, in memory and on Redis."""


def run_tests(copy: Copy) -> None:
    """The suite that needs no server, and what goes over every socket of a real one."""
    left_out = [word for name in LEFT_OUT for word in ("--ignore", f"tests/unit/{name}")]
    suites = ("tests/unit", OVER_REAL_SOCKETS)
    copy.run("pytest", "-q", "-p", "no:cacheprovider", *left_out, *suites, seconds=800)


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


@pytest.mark.soak
@pytest.mark.parametrize("page", ["add-a-feature.md", "remove-a-feature.md"])
def test_the_whole_suite_is_green_after_a_page(tmp_path: Path, page: str) -> None:
    copy = Copy(tmp_path)
    copy.follow(page)
    ours = [word for name in LEFT_OUT[:3] for word in ("--ignore", f"tests/unit/{name}")]
    copy.run("pytest", "-q", "-p", "no:cacheprovider", "-n", "2", *ours, "tests", seconds=2_400)
