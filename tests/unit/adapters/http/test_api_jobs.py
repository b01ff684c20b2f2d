"""Jobs over HTTP: where they stand, and for whom."""

import httpx2
import pytest

from tests.unit.adapters.http.asking import client_of, error
from tests.unit.adapters.websocket.asking import ANNA, BERT, ask, asking
from tests.unit.adapters.websocket.driving import Service, serving


async def test_a_job_tells_where_it_stands(service: Service, client: httpx2.AsyncClient) -> None:
    async with asking(service) as jobs:
        job_id = await ask(jobs, "translate")
        await jobs.status("result")
        view = (await client.get(f"/api/jobs/{job_id}")).json()
        assert view.pop("submitted_at") > 0
        assert view == {
            "job_id": job_id,
            "kind": "translate",
            "content": "hello",
            "status": "result",
            "progress": 1.0,
            "attempt": 1,
            "message": "🌍 Translated: 'hello' → 'hola'",
        }


async def test_a_running_job_has_no_message_yet() -> None:
    async with (
        serving(job_pace=100) as service,
        client_of(service) as client,
        asking(service) as jobs,
    ):
        job_id = await ask(jobs, "translate")
        await jobs.status("running")
        view = (await client.get(f"/api/jobs/{job_id}")).json()
        assert (view["status"], view["message"]) == ("running", None)


@pytest.mark.parametrize("job_id", ["none", "0" * 32, "%00", "☃", "x" * 1_000])
async def test_a_job_that_does_not_exist_is_not_found(
    client: httpx2.AsyncClient, job_id: str
) -> None:
    assert error(await client.get(f"/api/jobs/{job_id}"), 404) == "job_is_unknown"


async def test_a_known_visitor_s_job_is_theirs_alone(service: Service) -> None:
    async with asking(service, ANNA) as jobs:
        job_id = await ask(jobs, "translate")
        await jobs.status("result")
    async with client_of(service, visitor=ANNA) as anna:
        assert (await anna.get(f"/api/jobs/{job_id}")).json()["status"] == "result"
    for visitor in (BERT, None):
        async with client_of(service, visitor=visitor) as other:
            assert error(await other.get(f"/api/jobs/{job_id}"), 404) == "job_is_unknown"
