"""The plot: on the left each line's ratios with their targets, on the right deliveries by size."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from benchmarks.figures import Row, Side

COLOURS: Mapping[Side, str] = {"bare": "#8a8f98", "stock": "#c2703d"}
OURS = "#2b6cb0"
LINES = {"memory": "-", "Redis": "--", "two servers": ":"}


def draw(rows: Sequence[Row], curves: Mapping[str, Mapping[int, float]], path: Path) -> None:
    """Write an SVG."""
    shown = [row for row in rows if any(check.what.startswith("×") for check in row.checks)]
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(14, max(4.0, 0.55 * len(shown) + 2)), width_ratios=(3, 2)
    )
    _ratios(left, shown)
    _curves(right, curves)
    figure.tight_layout()
    figure.savefig(path)
    plt.close(figure)


def _ratios(axes: Axes, rows: Sequence[Row]) -> None:
    axes.set_title("Switchboard as a multiple of its peers; | is the target")
    for place, row in enumerate(reversed(rows)):
        _bar(axes, row, "bare", place + 0.2)
        _bar(axes, row, "stock", place - 0.2)
    axes.set_yticks(range(len(rows)), [row.work for row in reversed(rows)])
    axes.set_xscale("log")
    axes.axvline(1, color="#cccccc", linewidth=1, zorder=0)
    for side, colour in COLOURS.items():
        axes.barh([0], [0], color=colour, label=f"÷ {side}")
    axes.legend(loc="lower right")


def _bar(axes: Axes, row: Row, side: Side, height: float) -> None:
    value = row.against(side)
    if value is None:
        return
    axes.barh([height], [value], height=0.36, color=COLOURS[side])
    axes.text(value * 1.05, height, f"{value:.2g}", va="center", fontsize=8)
    for check in row.checks:
        if check.what == f"× {side}":
            axes.plot(
                [check.target] * 2, [height - 0.22, height + 0.22], color="black", linewidth=2
            )


def _curves(axes: Axes, curves: Mapping[str, Mapping[int, float]]) -> None:
    axes.set_title("Deliveries per second by size of the room")
    for name, points in curves.items():
        side, _, where = name.partition(", ")
        colour = {"switchboard": OURS, "bare": COLOURS["bare"]}.get(side, COLOURS["stock"])
        sizes = sorted(points)
        label = f"{side}, {where or 'memory'}"
        rates = [points[size] for size in sizes]
        axes.plot(sizes, rates, LINES[where or "memory"], marker="o", color=colour, label=label)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("members")
    axes.grid(visible=True, which="both", color="#eeeeee")
    if curves:
        axes.legend(fontsize=8)
