import asyncio
import os
import signal
import subprocess
from pathlib import Path

import pytest

from adapters.cli import processes
from adapters.cli.processes import NotReady, Part
from tests.survivors import until_gone
from tests.unit.adapters.cli.parts import DEAF, FOR_EVER, Stage, part


async def test_every_line_is_printed_with_the_name_of_who_said_it(stage: Stage) -> None:
    program = (
        "import os; os.write(1, b'one\\ntwo\\n'); os.write(2, 'thr\u00e9e\\n\\n'.encode());"
        "os.write(1, b'\\xff\\r\\nno end')"
    )
    async with stage.group() as group:
        child = await group.start(part(program))
        assert await child.ended == 0
    assert stage.lines == [
        *("part | one", "part | two", "part | thrée", "part |", "part | \ufffd", "part | no end")
    ]


async def test_a_line_without_an_end_is_printed_before_it_fills_memory(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "LONGEST_LINE", 1_000)
    async with stage.group() as group:
        child = await group.start(part("print('x' * 100_000, end='', flush=True)"))
        await child.ended
    assert len(stage.lines) > 1
    assert "".join(line.removeprefix("part | ") for line in stage.lines) == "x" * 100_000


async def test_a_part_is_ready_with_its_line_which_is_not_printed(stage: Stage) -> None:
    async with stage.group() as group:
        child = await group.start(part("import time; print('ready or not'); " + FOR_EVER))
        await child.until_ready()
        assert not child.has_ended
    assert stage.lines == ["part | ready"]


async def test_a_part_can_be_ready_in_another_way(stage: Stage) -> None:
    checked = asyncio.Event()
    async with stage.group() as group:
        child = await group.start(part(FOR_EVER, ready=None))
        waiting = asyncio.create_task(child.until_ready(checked.wait))
        checked.set()
        await waiting
        assert not child.has_ended


async def test_stopping_a_part_leaves_its_exit_code_to_whoever_waits_for_it(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def poll(_: object) -> None:
        raise AssertionError("the exit code of a part that has just ended is lost")

    async with stage.group() as group:
        child = await group.start(part("print('ready', flush=True); " + FOR_EVER))
        await child.until_ready()
        monkeypatch.setattr(subprocess.Popen, "poll", poll)
        await group.stop(child)
        assert child.ended.result() == -signal.SIGTERM


async def test_a_part_that_ends_before_it_is_ready_is_told(stage: Stage) -> None:
    async with stage.group() as group:
        child = await group.start(part("raise SystemExit(3)"))
        with pytest.raises(NotReady, match="part ended with exit code 3 before it was ready"):
            await child.until_ready()


async def test_a_part_that_never_gets_ready_is_told_and_waited_for_no_longer(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "REPORT_SECONDS", 0.05)
    monkeypatch.setattr(processes, "START_SECONDS", 0.1)
    async with stage.group() as group:
        child = await group.start(part(FOR_EVER, ready="something else"))
        with pytest.raises(NotReady, match="was not ready after"):
            await child.until_ready()
    assert stage.reported[0].startswith("part is not ready after")


async def test_the_signal_that_ended_a_part_is_named(stage: Stage) -> None:
    async with stage.group() as group:
        child = await group.start(part(FOR_EVER))
        await child.until_ready()
        os.kill(child.pid, signal.SIGKILL)
        assert await child.ended == -signal.SIGKILL
        assert child.ending == "part was ended by SIGKILL"


async def test_a_program_that_does_not_exist_is_told_in_a_line(
    stage: Stage, tmp_path: Path
) -> None:
    missing = Part("part", [tmp_path / "missing"], {}, stop_seconds=1, ready="ready")
    async with stage.group() as group:
        child = await group.start(missing)
        with pytest.raises(NotReady, match="exit code 1"):
            await child.until_ready()
    assert stage.lines == [f"part | {tmp_path}/missing: No such file or directory"]


async def test_a_group_ends_its_children_the_newest_first(stage: Stage) -> None:
    last_words = (
        "import signal, sys\n"
        "signal.signal(signal.SIGTERM, lambda *_: (print('bye'), sys.exit()))\n"
        f"{FOR_EVER}"
    )
    async with stage.group() as group:
        for name in ("one", "two", "six"):
            child = await group.start(part(last_words, name))
            await child.until_ready()
    assert stage.lines == ["six  | bye", "two  | bye", "one  | bye"]


async def test_a_group_can_end_all_its_children_at_once(stage: Stage) -> None:
    # Each ends only after it has heard from the other that it was asked to end, too.
    reading, writing = os.pipe()
    program = (
        "import os, signal, sys\n"
        f"signal.signal(signal.SIGTERM, lambda *_: ({{0}}, sys.exit()))\n{FOR_EVER}"
    )
    async with stage.group(at_once=True) as group:
        for name, last_words in (
            ("one", f"os.read({reading}, 1)"),
            ("two", f"os.write({writing}, b'x')"),
        ):
            child = await group.start(
                part(program.format(last_words), name, fds=[reading, writing])
            )
            await child.until_ready()
    os.close(reading)
    os.close(writing)
    assert stage.reported == []


async def test_a_child_that_does_not_end_in_time_is_killed_and_that_is_told(stage: Stage) -> None:
    async with stage.group() as group:
        child = await group.start(part(DEAF, stop_seconds=0.1))
        await child.until_ready()
    assert child.ended.result() == -signal.SIGKILL
    assert stage.reported == ["part has not ended when asked to, so it is killed"]


async def test_a_child_that_is_to_end_is_killed_as_soon_as_that_is_asked_for(stage: Stage) -> None:
    async with stage.group() as group:
        child = await group.start(part(DEAF))
        await child.until_ready()
        stage.kill.set()
    assert child.ended.result() == -signal.SIGKILL


async def test_whatever_a_child_leaves_behind_ends_with_it(stage: Stage) -> None:
    program = (
        "import subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-I', '-S', '-c', {DEAF!r}])\n"
        "print(child.pid)\n"
    )
    async with stage.group() as group:
        child = await group.start(part(program))
        assert await child.ended == 0
        orphan = next(line for line in stage.lines if "ready" not in line).split()[-1]
        await asyncio.to_thread(until_gone, [int(orphan)])


async def test_a_child_that_has_ended_is_stopped_without_ado(stage: Stage) -> None:
    async with stage.group() as group:
        child = await group.start(part("pass"))
        await child.ended
        await group.stop(child)
    assert stage.reported == []


async def test_a_child_gets_descriptors_and_environment(stage: Stage) -> None:
    reading, writing = os.pipe()
    async with stage.group() as group:
        program = f"import os; os.write({writing}, os.environb[b'WORD'])"
        child = await group.start(part(program, fds=[writing], environment={"WORD": "hello"}))
        assert await child.ended == 0
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        assert pipe.read() == b"hello"


async def test_lines_can_be_left_out(stage: Stage) -> None:
    async with stage.group() as group:
        child = await group.start(
            part("print('noise\\nsignal')", shows=lambda line: line != "noise")
        )
        await child.ended
    assert stage.lines == ["part | signal"]
