"""Which processes are there, and which are left: for tests that nobody may outlive."""

import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

DEADLINE = 20.0
PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Process:
    pid: int
    parent: int
    group: int
    state: str


def processes() -> dict[int, Process]:
    """All that are running now; one that ended and was not collected yet is not."""
    lines = _linux() if (PROC / "self" / "stat").exists() else _others()
    found = (Process(int(pid), int(up), int(group), state) for pid, up, group, state in lines)
    return {process.pid: process for process in found if not process.state.startswith("Z")}


def descendants(pid: int) -> set[int]:
    """The children of a process, their children, and so on."""
    everybody = processes().values()
    family, generation = set[int](), {pid}
    while generation:
        generation = {one.pid for one in everybody if one.parent in generation} - family
        family |= generation
    return family


def until_gone(pids: Iterable[int], *, deadline: float = DEADLINE) -> None:
    """Return once none of them runs. The end of others' children tells nobody: look often."""
    wanted = set(pids)
    end = time.monotonic() + deadline
    while left := wanted & processes().keys():
        assert time.monotonic() < end, f"still there: {left}"
        time.sleep(0.02)


def _linux() -> Iterable[tuple[str, str, str, str]]:
    for folder in PROC.glob("[0-9]*"):
        try:
            text = (folder / "stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue  # gone meanwhile
        # The name, in brackets, may hold anything.
        state, parent, group = text.rpartition(")")[2].split()[:3]
        yield folder.name, parent, group, state


def _others() -> Iterable[tuple[str, str, str, str]]:
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,pgid=,stat="], check=True, capture_output=True, text=True
    ).stdout
    for line in listed.splitlines():
        pid, parent, group, state = line.split()
        yield pid, parent, group, state
