"""Which servers know a visitor again."""

from pathlib import Path

import pytest

from tests.integration.client import get
from tests.integration.conftest import redis_settings
from tests.integration.processes import Redis, Server, all_running

DRAWN = {"SWITCHBOARD_VISITOR_SECRET": ""}


async def cookie_of(server: Server) -> str:
    """What a browser keeps that opens the page for the first time."""
    return (await get(server.url)).headers["set-cookie"].partition(";")[0]


async def is_known(server: Server, cookie: str) -> bool:
    return "set-cookie" not in (await get(server.url, Cookie=cookie)).headers


@pytest.mark.redis
async def test_servers_on_one_redis_know_each_other_s_visitors(
    redis_server: Redis, tmp_path: Path
) -> None:
    settings = redis_settings(redis_server, "visitors") | DRAWN
    one, other = Server(tmp_path, **settings), Server(tmp_path, **settings)
    with all_running(one, other):
        cookie = await cookie_of(one)
        assert await is_known(other, cookie)
        assert not await is_known(other, f"{cookie[:-1]}{'1' if cookie[-1] == '0' else '0'}")
