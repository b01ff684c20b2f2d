"""Jobs over HTTP: asked for, listed and cancelled without a socket."""

import asyncio
from typing import Any

import httpx2
import pytest

from tests.unit.adapters.http.asking import API_KEY, KNOWN, client_of, error, token_of
from tests.unit.adapters.websocket.asking import ANNA, BERT, asking
from tests.unit.adapters.websocket.driving import Service, serving
from tests.waiting import DEADLINE

FOR_EVER: dict[str, Any] = {"job_pace": 100}
"""Settings with which a job takes a minute and more."""


async def ask(client: httpx2.AsyncClient, content: str = "hello", **more: Any) -> str:
    answer = await client.post("/api/jobs", json={"content": content, **more})
    assert answer.status_code == 202, answer.text
    job_id: str = answer.json()["job_id"]
    return job_id


async def until(client: httpx2.AsyncClient, job_id: str, status: str) -> Any:
    """The job, once it is so far."""

    async with asyncio.timeout(DEADLINE):
        while (view := (await client.get(f"/api/jobs/{job_id}")).json())["status"] != status:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.001)
    return view


async def test_a_job_is_asked_for_run_and_found(service: Service) -> None:
    async with client_of(service, visitor=ANNA) as anna:
        body = {"type": "translate", "content": "hello"}
        answer = await anna.post("/api/jobs", json=body)
        job_id = answer.json()["job_id"]
        assert answer.status_code == 202
        assert answer.json() == {"job_id": job_id, "status": "queued", "again": False}
        view = await until(anna, job_id, "result")
        assert (view["kind"], view["content"]) == ("translate", "hello")
        assert view["message"] == "🌍 Translated: 'hello' → 'hola'"


async def test_a_job_asked_for_over_http_can_be_followed_on_the_socket(service: Service) -> None:
    async with client_of(service, visitor=ANNA) as anna, asking(service, ANNA) as socket:
        job_id = await ask(anna)
        await socket.say("job_watch", {"job_id": job_id})
        assert (await socket.status("result"))["payload"]["job_id"] == job_id


async def test_jobs_are_listed_for_their_owner_newest_first(service: Service) -> None:
    async with (
        client_of(service, visitor=ANNA) as anna,
        client_of(service, visitor=BERT) as bert,
    ):
        asked = [await ask(anna, content) for content in ("one", "two")]
        berts = await ask(bert)
        listed = (await anna.get("/api/jobs")).json()["jobs"]
        assert [job["job_id"] for job in listed] == asked[::-1]
        assert listed[0] == (await anna.get(f"/api/jobs/{asked[1]}")).json()
        assert [job["job_id"] for job in (await bert.get("/api/jobs")).json()["jobs"]] == [berts]


async def test_without_jobs_the_list_is_empty(service: Service) -> None:
    async with client_of(service, visitor=ANNA) as anna:
        assert (await anna.get("/api/jobs")).json() == {"jobs": []}


async def test_a_job_asked_for_again_under_its_key_is_the_same_job(service: Service) -> None:
    async with (
        client_of(service, visitor=ANNA) as anna,
        client_of(service, visitor=BERT) as bert,
    ):
        body = {"content": "hello", "key": "k-1"}
        first = (await anna.post("/api/jobs", json=body)).json()
        again = (await anna.post("/api/jobs", json=body)).json()
        other = (await bert.post("/api/jobs", json=body)).json()
        assert again == {**first, "again": True}
        assert not other["again"]
        assert other["job_id"] != first["job_id"]
        assert len((await anna.get("/api/jobs")).json()["jobs"]) == 1


async def test_a_waiting_job_of_one_s_own_is_cancelled_at_once() -> None:
    async with (
        serving(**FOR_EVER, job_slots=1) as service,
        client_of(service, visitor=ANNA) as anna,
    ):
        first, waits = await ask(anna), await ask(anna)
        await until(anna, first, "running")
        answer = await anna.delete(f"/api/jobs/{waits}")
        assert (answer.status_code, answer.json()["status"]) == (202, "cancelled")
        assert error(await anna.delete(f"/api/jobs/{waits}"), 409) == "job_is_over"


async def test_a_running_job_of_one_s_own_is_cancelled_soon() -> None:
    async with serving(**FOR_EVER) as service, client_of(service, visitor=ANNA) as anna:
        job_id = await ask(anna)
        await until(anna, job_id, "running")
        answer = await anna.delete(f"/api/jobs/{job_id}")
        assert (answer.status_code, answer.json()["job_id"]) == (202, job_id)
        await until(anna, job_id, "cancelled")


async def test_a_job_that_is_over_can_not_be_cancelled(service: Service) -> None:
    async with client_of(service, visitor=ANNA) as anna:
        job_id = await ask(anna)
        await until(anna, job_id, "result")
        assert error(await anna.delete(f"/api/jobs/{job_id}"), 409) == "job_is_over"


async def test_a_job_of_somebody_known_can_not_be_cancelled_or_seen_by_others() -> None:
    async with (
        serving(**FOR_EVER) as service,
        client_of(service, visitor=ANNA) as anna,
        client_of(service, visitor=BERT) as bert,
    ):
        job_id = await ask(anna)
        for method in ("GET", "DELETE"):
            answer = await bert.request(method, f"/api/jobs/{job_id}")
            assert error(answer, 404) == "job_is_unknown"
        assert (await anna.get(f"/api/jobs/{job_id}")).json()["status"] != "cancelled"


async def test_a_job_of_somebody_unknown_can_not_be_cancelled_by_others() -> None:
    async with (
        serving(**FOR_EVER) as service,
        client_of(service) as somebody,
        client_of(service, visitor=BERT) as bert,
    ):
        job_id = await ask(somebody)
        assert error(await bert.delete(f"/api/jobs/{job_id}"), 403) == "job_is_not_yours"


@pytest.mark.parametrize("job_id", ["none", "0" * 32, "%00", "☃", "x" * 1_000])
async def test_a_job_that_does_not_exist_can_not_be_cancelled(
    client: httpx2.AsyncClient, job_id: str
) -> None:
    assert error(await client.delete(f"/api/jobs/{job_id}"), 404) == "job_is_unknown"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"content": ""}, 400, "text_is_empty"),
        ({"content": " \n"}, 400, "text_is_empty"),
        ({"content": "x" * 11}, 400, "text_is_too_long"),
        ({"content": "x", "key": ""}, 400, "send_key_is_impossible"),
        ({"content": "x", "key": "two words"}, 400, "send_key_is_impossible"),
        ({"content": "x", "key": "k" * 65}, 400, "send_key_is_impossible"),
        ({}, 422, "not_valid"),
        ([], 422, "not_valid"),
        ({"content": 5}, 422, "not_valid"),
        ({"content": "x", "type": "t" * 51}, 422, "not_valid"),
        ({"content": "x", "key": 5}, 422, "not_valid"),
    ],
    ids=str,
)
async def test_what_can_not_be_asked_for_is_refused_and_makes_no_job(
    body: Any, status: int, code: str
) -> None:
    async with serving(text_limit=10) as service, client_of(service, visitor=ANNA) as anna:
        assert error(await anna.post("/api/jobs", json=body), status) == code
        assert (await anna.get("/api/jobs")).json() == {"jobs": []}


async def test_more_jobs_than_may_wait_are_refused_for_a_while() -> None:
    async with (
        serving(**FOR_EVER, job_slots=1, job_queue_limit=1) as service,
        client_of(service, visitor=ANNA) as anna,
    ):
        await until(anna, await ask(anna), "running")
        await ask(anna)
        answer = await anna.post("/api/jobs", json={"content": "one too many"})
        assert error(answer, 503) == "queue_is_full"
        assert int(answer.headers["retry-after"]) >= 1


async def test_where_tokens_are_taken_jobs_need_one_or_a_key() -> None:
    async with serving(**KNOWN) as service, client_of(service, visitor=ANNA) as anna:
        asked = [
            await anna.post("/api/jobs", json={"content": "x"}),
            await anna.get("/api/jobs"),
            await anna.get("/api/jobs/none"),
            await anna.delete("/api/jobs/none"),
        ]
        for answer in asked:
            assert error(answer, 401) == "not_authenticated"
            assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_key_of_the_api_sees_and_cancels_anybody_s_job() -> None:
    async with (
        serving(**FOR_EVER, **KNOWN) as service,
        client_of(service, token=token_of(service, "ada")) as ada,
        client_of(service, token=token_of(service, "bob")) as bob,
        client_of(service, token=API_KEY) as operator,
    ):
        job_id = await ask(ada)
        for method in ("GET", "DELETE"):
            assert error(await bob.request(method, f"/api/jobs/{job_id}"), 404) == "job_is_unknown"
        assert (await operator.get(f"/api/jobs/{job_id}")).status_code == 200
        assert (await operator.delete(f"/api/jobs/{job_id}")).status_code == 202
        await until(ada, job_id, "cancelled")


async def test_what_a_token_does_not_allow_is_refused() -> None:
    async with serving(**KNOWN) as service:
        grants = [
            {"channels": ["job:*"], "allow": ["sub"]},
            {"channels": ["job:*"], "allow": ["pub"]},
        ]
        listens, asks = [token_of(service, "ada", grant) for grant in grants]
        async with client_of(service, token=asks) as client:
            job_id = await ask(client)
            for path in ("/api/jobs", f"/api/jobs/{job_id}"):
                assert error(await client.get(path), 403) == "not_allowed"
        async with client_of(service, token=listens) as client:
            assert (await client.get(f"/api/jobs/{job_id}")).status_code == 200
            for answer in (
                await client.post("/api/jobs", json={"content": "x"}),
                await client.delete(f"/api/jobs/{job_id}"),
            ):
                assert error(answer, 403) == "not_allowed"
