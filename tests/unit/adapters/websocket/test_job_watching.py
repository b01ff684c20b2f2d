"""Watching and listing jobs: whose they are, and who may see them."""

import pytest

from tests.unit.adapters.websocket.asking import ANNA, BERT, ask, asking
from tests.unit.adapters.websocket.driving import Service, serving


async def test_a_watcher_gets_the_current_state_and_then_the_rest(slow_service: Service) -> None:
    async with asking(slow_service) as owner, asking(slow_service) as watcher:
        job_id = await ask(owner)
        running = await owner.status("running")
        await watcher.say("job_watch", {"job_id": job_id})
        assert await watcher.frame() == running
        await owner.say("job_cancel", {"job_id": job_id})
        assert await watcher.frame() == await owner.frame()


async def test_watching_twice_does_not_double_what_is_heard(slow_service: Service) -> None:
    async with asking(slow_service) as client:
        job_id = await ask(client)
        await client.status("running")
        await client.say("job_watch", {"job_id": job_id})
        await client.say("job_cancel", {"job_id": job_id})
        await client.status("cancelled")
        await client.hears_nothing()


async def test_a_job_that_is_over_tells_its_watcher_how_it_ended(service: Service) -> None:
    async with asking(service) as owner, asking(service) as watcher:
        job_id = await ask(owner)
        result = await owner.status("result")
        await watcher.say("job_watch", {"job_id": job_id})
        assert await watcher.payload("job_status") == result["payload"]
        await watcher.hears_nothing()


# Whose jobs they are.


@pytest.mark.parametrize("action", ["job_cancel", "job_watch"])
@pytest.mark.parametrize("stranger", [BERT, None], ids=["another visitor", "nobody known"])
async def test_a_known_visitor_s_job_is_hidden_from_others(
    slow_service: Service, action: str, stranger: str | None
) -> None:
    async with asking(slow_service, ANNA) as anna, asking(slow_service, stranger) as other:
        job_id = await ask(anna)
        await anna.status("running")
        await other.say(action, {"job_id": job_id})
        assert (await other.payload("error"))["code"] == "job_is_unknown"
        await anna.hears_nothing()


async def test_a_known_visitor_sees_their_job_from_any_connection(service: Service) -> None:
    async with asking(service, ANNA) as first, asking(service, ANNA) as second:
        job_id = await ask(first)
        result = await first.status("result")
        await second.say("job_watch", {"job_id": job_id})
        assert await second.payload("job_status") == result["payload"]


async def test_a_list_holds_one_s_own_jobs_newest_first(service: Service) -> None:
    async with asking(service, ANNA) as first:
        older = await ask(first, "translate", "hello")
        await first.status("result")
        newer = await ask(first, "default", "bye")
        await first.status("result")
    async with asking(service, BERT) as other:
        await ask(other)
        await other.status("result")
    async with asking(service, ANNA) as again:
        await again.say("job_list", ref="l")
        answer = await again.frame()
        assert (answer["action"], answer["ref"]) == ("job_list", "l")
        assert answer["payload"]["jobs"] == [
            {
                "job_id": newer,
                "kind": "default",
                "content": "bye",
                "status": "result",
                "progress": 1.0,
                "message": "✅ Processed: BYE",
            },
            {
                "job_id": older,
                "kind": "translate",
                "content": "hello",
                "status": "result",
                "progress": 1.0,
                "message": "🌍 Translated: 'hello' → 'hola'",
            },
        ]


async def test_a_list_tells_the_state_of_jobs_not_yet_over() -> None:
    async with serving(job_pace=100, job_slots=1) as service, asking(service, ANNA) as client:
        running = await ask(client)
        await client.status("running")
        queued = await ask(client)
        await client.say("job_list")
        jobs = (await client.payload("job_list"))["jobs"]
        assert [(job["job_id"], job["status"], job["message"]) for job in jobs] == [
            (queued, "queued", None),
            (running, "running", None),
        ]


async def test_somebody_new_has_no_jobs(service: Service) -> None:
    async with asking(service, ANNA) as anna, asking(service) as newcomer:
        await ask(anna)
        await newcomer.say("job_list")
        assert await newcomer.payload("job_list") == {"jobs": []}
