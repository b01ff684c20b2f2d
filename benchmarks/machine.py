"""The machine: which core is whose, what runs on it, how busy it is."""

import os
import platform
import resource
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("uvicorn", "uvloop", "websockets", "chanx", "fast-channels", "redis", "arq", "picows")


def cores() -> list[int]:
    """The cores that this process may use; none where a process can't be pinned to one."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


class Cores:
    """`server` is for the program under test alone; everything else shares `load`."""

    def __init__(self) -> None:
        usable = cores()
        self.are_apart = len(usable) > 1
        self.server = usable[0] if self.are_apart else None
        self.load = usable[-1] if self.are_apart else None

    def __str__(self) -> str:
        if not self.are_apart:
            return "not pinned: there is one core, or this system can't pin"
        return f"server on core {self.server}; generator, Redis and job workers on {self.load}"


def pin(pid: int, core: int | None) -> None:
    """Keep a process on one core; 0 is this one."""
    if core is not None:
        os.sched_setaffinity(pid, {core})


def resident_bytes(pid: int) -> int | None:
    """How much memory a process takes; None where there is no /proc."""
    try:
        words = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()
    except OSError:
        return None
    return int(words[1]) * os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pids: Iterable[int]) -> float:
    """How long processes have kept a core busy so far; 0 where there is no /proc."""
    ticks = 0
    for pid in pids:
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        # What follows the name in brackets begins with the third field; 14 and 15 are wanted.
        ticks += sum(int(word) for word in stat.rpartition(")")[2].split()[11:13])
    return ticks / os.sysconf("SC_CLK_TCK")


def busy_seconds() -> float:
    """How long all cores together were busy with programs so far; 0 where there is no /proc."""
    try:
        first = Path("/proc/stat").read_text(encoding="ascii").partition("\n")[0]
    except OSError:
        return 0.0
    user, nice, system = (int(word) for word in first.split()[1:4])
    return (user + nice + system) / os.sysconf("SC_CLK_TCK")


def load_average() -> float:
    """How many processes wanted a core during the last minute."""
    return round(os.getloadavg()[0], 2)


def allow_files(count: int) -> None:
    """Raise the limit of open files, as far as that is allowed; servers inherit it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if most == resource.RLIM_INFINITY else min(count, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def description() -> dict[str, str]:
    """What somebody needs to know who compares figures."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    return {
        "cpu": f"{os.cpu_count()} × {_cpu_name()}",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        **versions,
    }


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
