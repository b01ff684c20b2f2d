"""`python -m benchmarks`: measure, print, and write the results."""

import argparse
import asyncio
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import uvloop

from benchmarks import machine, report
from benchmarks.bench import Bench
from benchmarks.figures import Row
from benchmarks.processes import DidNotStart
from benchmarks.workloads import costs, durable, echo, fanout, jobs, joins, memory, slow_reader

WORKLOADS: Mapping[str, Callable[[Bench], Awaitable[list[Row]]]] = {
    "echo": echo.measure,
    "fanout": fanout.measure,
    "durable": durable.measure,
    "joins": joins.measure,
    "jobs": jobs.measure,
    "memory": memory.measure,
    "slow": slow_reader.measure,
    "costs": costs.measure,
}
FILES = 20_000
BUSY = 0.5
"""A machine with a higher load average than that has other things to do."""


def main() -> int:
    options = _options()
    names = options.only.split(",") if options.only else list(WORKLOADS)
    unknown = [name for name in names if name not in WORKLOADS]
    if unknown:
        print(f"there is no workload {unknown[0]!r}: {', '.join(WORKLOADS)}", file=sys.stderr)
        return 2
    machine.allow_files(FILES)
    cores = machine.Cores()
    bench = Bench(
        rounds=options.rounds or (1 if options.quick else 3),
        seconds=options.seconds or (1.0 if options.quick else 2.0),
        quick=options.quick,
        cores=cores,
        patience=options.patience or (20.0 if options.quick else 120.0),
    )
    load = machine.load_average()
    print(f"{machine.description()['cpu']}; {cores}; load average {load}")
    if load > BUSY:
        print("This machine is busy: figures will be low, and ratios uncertain.")
    machine.pin(0, cores.load)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_measure(bench, names))
    except (KeyboardInterrupt, asyncio.CancelledError) as why:
        print(f"\nstopped {why}; nothing was written, and nothing is left running", file=sys.stderr)
        return 130
    except DidNotStart as error:
        print(error, file=sys.stderr)
        return 1
    whole = not (options.only or options.quick)
    report.write(bench, options.results, "latest" if whole else "partial", load)
    print(report.table(bench.rows, for_terminal=True))
    print(f"\nWritten to {options.results} in {time.monotonic() - bench.begun:.0f} s.")
    return 0


async def _measure(bench: Bench, names: list[str]) -> None:
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel, number.name)
    for name in names:
        bench.say(f"{name} …")
        bench.rows += await WORKLOADS[name](bench)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="How fast Switchboard is beside a bare uvicorn app and a stock chanx app.",
        epilog=f"Workloads: {', '.join(WORKLOADS)}. See benchmarks/README.md.",
    )
    parser.add_argument("--only", metavar="A,B", help="these workloads only")
    parser.add_argument("--quick", action="store_true", help="one short round, fewer sizes")
    parser.add_argument("--rounds", type=int, metavar="N", help="rounds of each workload (3)")
    parser.add_argument("--seconds", type=float, metavar="S", help="length of a round (2)")
    parser.add_argument(
        "--patience",
        type=float,
        metavar="S",
        help="seconds to spend on waiting for other programs, and on laps they spoilt (120)",
    )
    parser.add_argument(
        "--results",
        type=Path,
        metavar="DIR",
        default=report.RESULTS,
        help="where results are written",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
