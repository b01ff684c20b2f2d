"""Other people's jobs: not seen, not ended, not found by a key or a cursor."""

from urllib.parse import quote

import pytest

from tests.integration.asking import JOBS, submit
from tests.integration.attacks.attacker import API_KEY, Attacker, Target, caps
from tests.integration.client import Client


@pytest.fixture
async def ada(attacker: Attacker, open_door: Target) -> str:
    return attacker.token(open_door, sub="ada")


async def jobs_of(attacker: Attacker, target: Target, token: str) -> list[str]:
    listed = await attacker.ask(target, "GET", "/api/jobs", token=token)
    return [job["job_id"] for job in listed.json()["jobs"]]


@pytest.mark.parametrize(
    "rights",
    [{}, {"caps": caps("job:*")}, {"caps": caps("*")}, {"sub": "Ada"}, {"sub": "ada."}],
    ids=["no caps", "job:*", "*", "another case", "nearly the same"],
)
async def test_another_member_neither_sees_nor_ends_a_job(
    attacker: Attacker, open_door: Target, ada: str, rights: dict[str, object]
) -> None:
    async with attacker.client(open_door, JOBS, token=ada) as owner:
        job_id = await submit(owner, "default", "mine")
        cursor = owner.cursor
        mallory = attacker.token(open_door, **{"sub": "mallory", **rights})
        for method in ("GET", "DELETE"):
            answer = await attacker.ask(open_door, method, f"/api/jobs/{job_id}", token=mallory)
            assert answer.status_code == 404
        assert job_id not in await jobs_of(attacker, open_door, mallory)
        since = cursor or ""
        async with attacker.client(open_door, JOBS, token=mallory, since=since) as thief:
            recovered = await thief.receive("recovered")
            for action in ("job_watch", "job_cancel"):
                await thief.send(action, {"job_id": job_id})
                await thief.receive("error", code="job_is_unknown")
            await thief.send("job_list")
            listed = await thief.receive("job_list")
        assert recovered["payload"]["recovered"] is False
        assert job_id not in str([listed, thief.payloads("job_status")])
        assert job_id in await jobs_of(attacker, open_door, ada)
        await cancel(owner, job_id)


async def cancel(owner: Client, job_id: str) -> None:
    await owner.send("job_cancel", {"job_id": job_id})
    await owner.receive("job_status", status="cancelled", job_id=job_id)


async def test_a_right_on_one_job_by_its_id_makes_it_nobodys_else(
    attacker: Attacker, open_door: Target, ada: str
) -> None:
    asked = {"type": "default", "content": "mine"}
    job_id = (await attacker.ask(open_door, "POST", "/api/jobs", asked, token=ada)).json()["job_id"]
    mallory = attacker.token(open_door, sub="mallory", caps=caps(f"job:{job_id}", "job:*"))
    for method in ("GET", "DELETE"):
        answer = await attacker.ask(open_door, method, f"/api/jobs/{job_id}", token=mallory)
        assert answer.status_code == 404
    ended = await attacker.ask(open_door, "DELETE", f"/api/jobs/{job_id}", token=ada)
    assert ended.status_code == 202


async def test_the_key_of_another_s_job_finds_no_job(
    attacker: Attacker, open_door: Target, ada: str
) -> None:
    asked = {"type": "default", "content": "mine", "key": "the-key"}
    mallory = attacker.token(open_door, sub="mallory")
    answers = [
        (await attacker.ask(open_door, "POST", "/api/jobs", asked, token=token)).json()
        for token in (ada, mallory, ada)
    ]
    assert [answer["again"] for answer in answers] == [False, False, True]
    assert answers[0]["job_id"] != answers[1]["job_id"]
    for answer, token in zip(answers, (ada, mallory), strict=False):
        await attacker.ask(open_door, "DELETE", f"/api/jobs/{answer['job_id']}", token=token)


@pytest.mark.parametrize(
    "allow", [["pub"], ["hst"], ["prs"], ["sub"]], ids=lambda allow: str(allow[0])
)
async def test_each_deed_asks_for_its_own_right(
    attacker: Attacker, open_door: Target, allow: list[str]
) -> None:
    token = attacker.token(open_door, sub="eve", caps=caps("job:*", allow=allow))
    asked = {"type": "default", "content": "x"}
    submitted = await attacker.ask(open_door, "POST", "/api/jobs", asked, token=token)
    listed = await attacker.ask(open_door, "GET", "/api/jobs", token=token)
    socket = await attacker.knock(open_door, JOBS, token=token)
    assert submitted.status_code == (202 if allow == ["pub"] else 403)
    assert listed.status_code == (200 if allow == ["sub"] else 403)
    assert socket == (101 if allow == ["sub"] else 403)
    if submitted.status_code == 202:
        job_id = submitted.json()["job_id"]
        await attacker.ask(open_door, "DELETE", f"/api/jobs/{job_id}", token=API_KEY)


@pytest.mark.parametrize(
    "job_id",
    ["*", "..", "%2e%2e", "%00", "a" * 5_000, "{jobs}", "'; --", "\u200b", "%ff", "~operator"],
)
async def test_an_id_that_is_none_is_the_id_of_no_job(
    attacker: Attacker, open_door: Target, ada: str, job_id: str
) -> None:
    path = f"/api/jobs/{quote(job_id, safe='%')}"
    for method in ("GET", "DELETE"):
        answer = await attacker.ask(open_door, method, path, token=ada)
        assert answer.status_code in {404, 400}, answer.text


async def test_a_visitor_has_no_jobs_over_http_and_sees_no_member_s(
    attacker: Attacker, open_door: Target, ada: str
) -> None:
    asked = {"type": "default", "content": "mine"}
    job_id = (await attacker.ask(open_door, "POST", "/api/jobs", asked, token=ada)).json()["job_id"]
    for method, path in (
        ("POST", "/api/jobs"),
        ("GET", "/api/jobs"),
        ("GET", f"/api/jobs/{job_id}"),
        ("DELETE", f"/api/jobs/{job_id}"),
    ):
        assert (await attacker.ask(open_door, method, path, asked)).status_code == 401
    async with attacker.client(open_door, JOBS) as visitor:
        for action in ("job_watch", "job_cancel"):
            await visitor.send(action, {"job_id": job_id})
            await visitor.receive("error", code="job_is_unknown")
    await attacker.ask(open_door, "DELETE", f"/api/jobs/{job_id}", token=ada)
