"""Addresses of Redis: which are understood, and what is said of others."""

import pytest

from adapters.environment import load_settings
from adapters.redis_connection import AddressIsWrong, connect

BEGINNING = "it must begin with one of redis://"
OPTIONS = 'after its "?" only client_name, db, password, username and ssl_… may stand'
DATABASE = "after its host stands /NUMBER"
READING = "its host, port, database or options can't be read"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://127.0.0.1:6379", BEGINNING),
        ("127.0.0.1:6379", BEGINNING),
        ("", BEGINNING),
        ("redis://:se/same@127.0.0.1:6379/0", READING),
        ("redis://:sesame#1@127.0.0.1:6379/0", READING),
        ("redis://127.0.0.1:port", READING),
        ("redis://127.0.0.1:70000", READING),
        ("redis://[::1", READING),
        ("redis://127.0.0.1?sesame=1", OPTIONS),
        ("redis://127.0.0.1?sesame", OPTIONS),
        ("redis://127.0.0.1?socket_timeout=1", OPTIONS),
        ("redis://127.0.0.1?encoding=latin-1", OPTIONS),
        ("redis://127.0.0.1/?decode_responses=true", OPTIONS),
        ("redis://127.0.0.1?protocol=3", OPTIONS),
        ("unix:///tmp/redis.sock?encoding_errors=ignore", OPTIONS),
        ("redis+sentinel://127.0.0.1:1/name?decode_responses=true", OPTIONS),
        ("redis://127.0.0.1/abc", DATABASE),
        ("rediss://127.0.0.1/0/1", DATABASE),
        ("redis://127.0.0.1/-1", DATABASE),
        ("rediss://127.0.0.1?ssl_cert_reqs=sesame", READING),
        ("unix:///tmp/redis.sock?db=sesame", READING),
        ("redis+sentinel://127.0.0.1:1/name/db", READING),
        ("redis+sentinel://127.0.0.1:1/name/-1", READING),
        ("redis://127.0.0.1/1/2", DATABASE),
        ("redis://127.0.0.1/0#1", READING),
        ("redis://127.0.0.1:0/0", READING),
        ("redis://127.0.0.1/0?db=-1", READING),
        ("redis://127.0.0.1/0?max_connections=1", OPTIONS),
        ("redis+sentinel://127.0.0.1:1/name?sesame=1", OPTIONS),
        ("redis+sentinel://:sesame@127.0.0.1/name", "a Sentinel is named HOST:PORT"),
        ("redis+sentinel://:sesame@127.0.0.1:1", "a Sentinel address ends in /NAME"),
    ],
)
def test_an_address_that_is_none_is_told_without_repeating_it(url: str, says: str) -> None:
    with pytest.raises(AddressIsWrong) as wrong:
        connect(load_settings(redis_url=url, redis_timeout=2, redis_pool=4).redis)
    assert says in str(wrong.value)
    assert "same" not in str(wrong.value)


@pytest.mark.parametrize(
    "url",
    [
        "redis://",
        "redis://user:p%40ss@localhost:6379/3",
        "redis://localhost/",
        "redis://localhost?db=3&client_name=us",
        "rediss://:secret@redis.example:6380/0?ssl_cert_reqs=none",
        "unix:///tmp/redis.sock?db=1",
        "redis+sentinel://a:26379,b:26379/name",
        "rediss+sentinel://user:p%40ss@a:1,[::1]:2/name/1?sentinel_password=other",
    ],
)
async def test_an_address_of_every_kind_is_understood_without_connecting(url: str) -> None:
    client = connect(load_settings(redis_url=url, redis_timeout=2, redis_pool=4).redis)
    await client.aclose(close_connection_pool=True)
