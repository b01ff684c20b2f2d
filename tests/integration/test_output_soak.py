"""A long output, while those who watch it are cut off and those who write it are killed."""

import asyncio
import sys
import time
from pathlib import Path

import pytest

from tests.integration.asking import JOBS, submit
from tests.integration.client import Client
from tests.integration.conftest import redis_settings
from tests.integration.output_watchers import OutputWatcher
from tests.integration.processes import SOON_LOST, Redis, Server
from tests.integration.program import Program
from tests.integration.writing_worker import text

TOKENS = 10_000
WATCHERS, CUTS = 200, 20
LIVES = (8.0, 16.0, 30.0)
"""For how many seconds each worker that is killed has the job."""

FRAMES_A_SECOND = 25
MOST_TAKEN = 1.3


class WritingWorker(Program):
    def __init__(self, folder: Path, settings: dict[str, str]) -> None:
        module = Path(__file__).with_name("writing_worker.py")
        super().__init__([sys.executable, module, "worker"], folder, settings)

    def start(self) -> None:
        super().start()
        self.wait_for_line("worker is ready")


@pytest.mark.soak
@pytest.mark.redis
async def test_a_long_output_ends_the_same_for_all_whatever_was_cut_and_killed(
    tmp_path: Path, redis_binary: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Redis(redis_binary, tmp_path) as redis:
        losses = {"SWITCHBOARD_JOB_LOSSES": "9", "SWITCHBOARD_JOB_LEASE": "2"}
        settings = redis_settings(redis) | SOON_LOST | losses
        with Server(tmp_path, **settings) as server:
            async with Client(server.url, JOBS) as asker:
                job_id = await submit(asker, "default", str(TOKENS))
            begin = time.monotonic()
            seconds = sum(LIVES) + TOKENS / 150
            watchers = [
                OutputWatcher(server.url, job_id, cuts=CUTS, life=1.8 * seconds / CUTS, seed=seed)
                for seed in range(WATCHERS)
            ]
            watching = asyncio.gather(*(watcher.watch() for watcher in watchers))
            for life in LIVES:
                worker = WritingWorker(tmp_path, settings)
                await asyncio.to_thread(worker.start)
                await asyncio.sleep(life)
                worker.kill()
            last = WritingWorker(tmp_path, settings)
            await asyncio.to_thread(last.start)
            await watching
            took = time.monotonic() - begin
            assert await asyncio.to_thread(last.stop) == 0
            last.check_log()
        server.check_log()

    whole = text(TOKENS)
    frames = max(watcher.frames for watcher in watchers)
    taken = max(watcher.taken for watcher in watchers) / len(whole)
    with capsys.disabled():
        sys.stdout.write(f"\n{took:.0f} s, at most {frames} frames, {taken:.2f} x the text\n")
    assert {watcher.text == whole for watcher in watchers} == {True}
    assert {watcher.result == whole for watcher in watchers} == {True}
    assert {watcher.gaps for watcher in watchers} == {0}
    assert taken <= MOST_TAKEN
    assert frames <= FRAMES_A_SECOND * took + CUTS
