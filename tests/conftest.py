"""What the whole suite shares: how assertions read, and how hypothesis searches."""

import pytest
from hypothesis import settings

# These hold assertions without being test modules; this must come before they are imported.
pytest.register_assert_rewrite("tests.contracts", "tests.doubles")

# The same examples in every run, so that a red build is red everywhere; no deadline for one
# example, because a busy machine is no bug. 100 keep the unit suite within seconds.
settings.register_profile("suite", derandomize=True, deadline=None, max_examples=100)
settings.load_profile("suite")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes minutes begins first: at the end one core would wait for it, the other idle."""
    items.sort(key=lambda item: "test_how_to_" not in item.nodeid)
