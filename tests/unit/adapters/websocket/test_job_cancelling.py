"""Cancelling a job: who may, when, and who hears of it."""

import pytest

from tests.unit.adapters.websocket.asking import ANNA, ask, asking, told
from tests.unit.adapters.websocket.driving import Service, serving
from tests.waiting import eventually


async def test_a_running_job_can_be_cancelled(slow_service: Service) -> None:
    async with asking(slow_service) as client:
        job_id = await ask(client)
        await client.status("running")
        await client.say("job_cancel", {"job_id": job_id})
        cancelled = await client.status("cancelled")
        assert cancelled["payload"] == told(job_id, "cancelled", "🛑 The job was cancelled.")
        assert isinstance(cancelled["cursor"], str)


async def test_a_queued_job_that_is_cancelled_never_runs() -> None:
    async with serving(job_pace=100, job_slots=1) as service, asking(service) as client:
        first = await ask(client)
        await client.status("running")
        second = await ask(client)
        await client.say("job_cancel", {"job_id": second})
        assert (await client.status("cancelled"))["payload"]["job_id"] == second
        await client.say("job_cancel", {"job_id": first})
        assert (await client.status("cancelled"))["payload"]["job_id"] == first
        await eventually(service.backend.job_queue._waiting.empty)
        await client.hears_nothing()


async def test_a_job_can_be_cancelled_from_another_connection_which_hears_its_end(
    slow_service: Service,
) -> None:
    async with asking(slow_service, ANNA) as first, asking(slow_service, ANNA) as second:
        job_id = await ask(first)
        await first.status("running")
        await second.say("job_cancel", {"job_id": job_id})
        assert (await second.status("cancelled"))["payload"]["job_id"] == job_id
        assert (await first.status("cancelled"))["payload"]["job_id"] == job_id


async def test_somebody_else_s_job_can_be_watched_but_not_cancelled(slow_service: Service) -> None:
    async with asking(slow_service) as first, asking(slow_service) as second:
        job_id = await ask(first)
        await first.status("running")
        await second.say("job_cancel", {"job_id": job_id})
        assert (await second.payload("error"))["code"] == "job_is_not_yours"
        await second.say("job_watch", {"job_id": job_id})
        assert (await second.payload("job_status"))["status"] == "running"


async def test_a_job_that_is_over_cannot_be_cancelled(service: Service) -> None:
    async with asking(service) as client:
        job_id = await ask(client)
        await client.status("result")
        await client.say("job_cancel", {"job_id": job_id})
        assert (await client.payload("error"))["code"] == "job_is_over"


@pytest.mark.parametrize("action", ["job_cancel", "job_watch"])
@pytest.mark.parametrize("job_id", ["", "nope", "0" * 64, "../..", "☃"])
async def test_a_job_that_does_not_exist_is_unknown(
    service: Service, action: str, job_id: str
) -> None:
    async with asking(service) as client:
        await client.say(action, {"job_id": job_id}, ref="r")
        refused = await client.frame()
        assert refused["action"] == "error"
        assert refused["payload"] == {
            "code": "job_is_unknown",
            "detail": "There is no job with this id.",
            "retryable": False,
        }
        assert refused["ref"] == "r"
