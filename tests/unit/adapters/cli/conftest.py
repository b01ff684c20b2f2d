import pytest

from tests.unit.adapters.cli.parts import Stage


@pytest.fixture
async def stage() -> Stage:
    return Stage()
