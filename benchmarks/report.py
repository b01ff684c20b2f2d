"""Results: a table to read, JSON to compute with, and the plot."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import machine, plot
from benchmarks.bench import Bench
from benchmarks.figures import SIDES, Check, Row
from benchmarks.workloads.fanout import SHARE

HEAD = (
    "work",
    "unit",
    "Switchboard",
    "bare",
    "stock",
    "÷ bare",
    "÷ stock",
    "÷ bare by CPU",
    "p50 / p99 ms",
    "target",
    "holds",
)
NUMBERS = range(2, 9)
"""The columns that stand on the right."""

README = Path(__file__).parent / "README.md"
RESULTS = README.parent / "results"
BEGIN, END = "<!-- latest -->", "<!-- /latest -->"


def write(bench: Bench, folder: Path, name: str, load: float) -> None:
    """Three files; the table of a whole run also goes into the README beside its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    when = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    about = _about(bench, when, load)
    text = f"{about}\n\n{table(bench.rows)}\n"
    (folder / f"{name}.md").write_text(text, encoding="utf-8")
    found = {
        "when": when,
        "machine": machine.description(),
        "cores": str(bench.cores),
        "load_average": [load, machine.load_average()],
        "rounds": bench.rounds,
        "seconds": bench.seconds,
        "rows": [_as_json(row) for row in bench.rows],
        "curves": bench.curves,
    }
    (folder / f"{name}.json").write_text(
        json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    plot.draw(bench.rows, bench.curves, folder / f"{name}.svg")
    if name == "latest" and folder.resolve() == RESULTS:
        _into_readme(text)


def table(rows: Sequence[Row], *, for_terminal: bool = False) -> str:
    """Markdown; for a terminal with columns of one width and the notes below."""
    lines = [HEAD, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    if not for_terminal:
        widths = [0] * len(HEAD)
    drawn = []
    for line in lines:
        cells = [
            cell.ljust(width) if column not in NUMBERS else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        drawn.append(f"| {' | '.join(cells)} |")
    rule = [("-" * max(width, 3)) + (":" if i in NUMBERS else "") for i, width in enumerate(widths)]
    drawn.insert(1, f"|{'|'.join(rule)}|")
    notes = [f"- {row.work}: {row.note}" for row in rows if row.note]
    judged = [row for row in rows if row.holds is not None]
    held = sum(bool(row.holds) for row in judged)
    total = f"{held} of {len(judged)} lines with targets hold."
    return "\n".join([*drawn, "", total, *(["", *notes] if notes else [])])


def _cells(row: Row) -> tuple[str, ...]:
    figures = [_number(row.figure(side)) for side in SIDES]
    times = "" if row.p50 is None or row.p99 is None else f"{row.p50:.1f} / {row.p99:.1f}"
    holds = {None: "", True: "yes", False: "NO"}[row.holds]
    ratios = [_number(row.against(side), "×") for side in SIDES[1:]]
    ratios.append(_number(row.by_cpu("bare"), "×"))
    targets = ", ".join(_target(check) for check in row.checks)
    return (row.work, row.unit, *figures, *ratios, times, targets, holds)


def _target(check: Check) -> str:
    sign = "≥" if check.at_least else "≤"
    text = f"{check.what} {sign} {check.target:g}"
    shown = check.what.startswith("×")  # its value stands in a column of its own
    return text if shown else f"{text} (is {check.value:.3g})"


def _number(value: float | None, unit: str = "") -> str:
    if value is None:
        return ""
    if value >= 100:
        return f"{value:,.0f}{unit}"
    return f"{value:.2f}{unit}" if value >= 0.1 else f"{value:.2g}{unit}"


def _as_json(row: Row) -> dict[str, object]:
    return {
        **asdict(row),
        "medians": {side: row.figure(side) for side in row.rounds},
        "ratios": {side: row.against(side) for side in SIDES[1:] if side in row.rounds},
        "checks": [{**asdict(check), "holds": check.holds} for check in row.checks],
        "holds": row.holds,
    }


def _about(bench: Bench, when: str, load: float) -> str:
    found = machine.description()
    versions = ", ".join(f"{name} {found[name]}" for name in machine.PACKAGES)
    return (
        f"{when}. {found['cpu']}, {found['system']}; {bench.cores}. "
        f"Load average {load} before the run. "
        f"Python {found['python']}, {versions}. "
        f"Medians of {bench.rounds} rounds of {bench.seconds:g} s (fan-out {SHARE:g} of that)."
    )


def _into_readme(text: str) -> None:
    readme = README.read_text(encoding="utf-8")
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if begin and end:
        README.write_text(f"{before}{begin}\n\n{text}\n{end}{after}", encoding="utf-8")
