"""Which pages may connect and announce: those of the same host, and those of listed origins."""

import pytest
from websockets.exceptions import InvalidStatus

from tests.integration.client import Client, get, post
from tests.integration.conftest import Serve
from tests.integration.processes import Server


@pytest.fixture(scope="module")
def generous(serve: Serve) -> Server:
    """One that lets in pages of two other origins."""
    return serve(SWITCHBOARD_ALLOWED_ORIGINS="https://one.example,https://two.example")


@pytest.mark.parametrize(
    "origin",
    [
        "https://elsewhere.example",
        "null",
        "http://127.0.0.1",
        "http://127.0.0.1:1",
        "http://localhost:{port}",
        "http://127.0.0.1:{port}.elsewhere.example",
        "http://elsewhere.example@127.0.0.1:{port}",
        "nonsense",
        "",
    ],
)
async def test_a_page_of_another_origin_is_refused_before_the_handshake(
    steady: Server, origin: str
) -> None:
    headers = {"Origin": origin.format(port=steady.port)}
    with pytest.raises(InvalidStatus) as refused:
        async with Client(steady.url, "/ws/chat", headers=headers):
            pass
    assert refused.value.response.status_code == 403


async def test_a_page_of_the_same_host_and_a_program_may_connect(steady: Server) -> None:
    for headers in ({"Origin": steady.url}, {"Origin": steady.url.upper()}, {}):
        async with Client(steady.url, "/ws/system", headers=headers) as client:
            await client.receive("system_echo")


async def test_a_page_of_another_origin_may_not_announce_anything(steady: Server) -> None:
    body = {"channel": "chat", "message": "spam"}
    refused = await post(
        f"{steady.url}/api/announcements", body, Origin="https://elsewhere.example"
    )
    taken = await post(f"{steady.url}/api/announcements", body, Origin=steady.url)
    assert (refused.status_code, taken.status_code) == (403, 202)


async def test_a_page_whose_own_name_was_made_to_lead_here_reads_nothing(steady: Server) -> None:
    answer = await get(f"{steady.url}/api/rooms", Host=f"evil.example:{steady.port}")
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "host_not_allowed"


async def test_listed_origins_may_connect(generous: Server) -> None:
    for origin in ("https://one.example", "https://two.example", generous.url):
        async with Client(generous.url, "/ws/system", headers={"Origin": origin}) as client:
            await client.receive("system_echo")
    with pytest.raises(InvalidStatus) as refused:
        async with Client(generous.url, "/ws/system", headers={"Origin": "https://three.example"}):
            pass
    assert refused.value.response.status_code == 403
