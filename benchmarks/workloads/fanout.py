"""Fan-out: eight members speak, and everybody in the room hears it.

`chat` is the public chat, an ephemeral lane: the same work as the peers do. `room` is a room,
whose lane is durable: it also stores each message and stamps it with a cursor. In memory, on
Redis with one server, and on Redis with two that share the servers' core: there it is not
throughput that could grow, but what the second hop costs that shows.
"""

from dataclasses import dataclass

from benchmarks.bench import Bench, row_of
from benchmarks.crowd import Crowd
from benchmarks.figures import Check, Row, Side, ratio
from benchmarks.processes import Stage
from benchmarks.talk import Lap, Talk

SIZES = (10, 100, 200, 500, 1000)
JUDGED = 200
"""The size of room that the targets are for."""

SPEAKERS = 8
SHARE = 0.4
"""There are many laps here: each takes this share of the usual time."""


@dataclass(frozen=True, slots=True)
class Variant:
    """`sizes` are those it is measured at; `quick` those when there is little time."""

    name: str
    side: Side
    servers: int = 1
    on_redis: bool = False
    is_room: bool = False
    sizes: tuple[int, ...] = SIZES
    quick: tuple[int, ...] = (10, 100, JUDGED, 1000)


SOME = (100, JUDGED)
ONE = (JUDGED,)
VARIANTS = (
    Variant("switchboard", "switchboard"),
    Variant("bare", "bare"),
    Variant("stock", "stock"),
    Variant("room", "switchboard", is_room=True, sizes=ONE, quick=ONE),
    Variant("switchboard, Redis", "switchboard", on_redis=True, quick=SOME),
    Variant("stock, Redis", "stock", on_redis=True, quick=SOME),
    Variant("room, Redis", "switchboard", on_redis=True, is_room=True, sizes=ONE, quick=ONE),
    Variant("switchboard, two servers", "switchboard", 2, on_redis=True, quick=ONE),
    Variant("stock, two servers", "stock", 2, on_redis=True, sizes=ONE, quick=ONE),
)

SETTINGS: tuple[tuple[str, str, str, float | None, float | None], ...] = (
    ("chat of {}, memory", "switchboard", "stock", 0.75, 7.0),
    ("room of {}, memory", "room", "stock", 0.75, 7.0),
    ("chat of {}, Redis", "switchboard, Redis", "stock, Redis", 0.55, 5.5),
    ("room of {}, Redis", "room, Redis", "stock, Redis", 0.55, 5.5),
    (
        "chat of {}, Redis, two servers",
        "switchboard, two servers",
        "stock, two servers",
        None,
        None,
    ),
)
"""Lines of the table: title, our variant, the stock one, targets against bare and stock."""


async def measure(bench: Bench) -> list[Row]:
    rows: list[Row] = []
    laps: dict[int, dict[str, list[Lap]]] = {}
    with bench.stage() as stage:
        crowds = _crowds(stage)
        for size in SIZES:
            talks = {}
            for variant, crowd in crowds.items():
                if size in (variant.quick if bench.quick else variant.sizes):
                    await crowd.grow(size)
                    await crowd.settle()
                    action = "room_chat" if variant.is_room else "chat"
                    talks[variant.name] = Talk(crowd, action, speakers=SPEAKERS)
            if talks:
                laps[size] = await bench.interleave(f"fan-out {size}", talks, share=SHARE)
                rows += _rows(size, laps[size])
    for size, of in laps.items():
        for name in of.keys() - {"room", "room, Redis"}:
            rates = [lap.rate for lap in of[name]]
            bench.curves.setdefault(name, {})[size] = sorted(rates)[len(rates) // 2]
    return rows + _flatness(laps)


def _crowds(stage: Stage) -> dict[Variant, Crowd]:
    """Everybody's connections, to grow: peers' newcomers come quietly, ours are announced."""
    redis = stage.redis()
    ours = {
        False: [stage.server("switchboard")],
        True: [stage.server("switchboard", redis)],
    }
    crowds = {}
    for variant in VARIANTS:
        url = redis if variant.on_redis else ""
        if variant.is_room:
            crowds[variant] = Crowd(ours[variant.on_redis], "/ws/room/bench")
            continue
        if variant.side == "switchboard" and variant.servers == 1:
            servers = ours[variant.on_redis]
        else:
            # A Redis of its own: another pair's messages would reach these servers too.
            url = stage.redis() if url else ""
            servers = [stage.server(variant.side, url) for _ in range(variant.servers)]
        crowds[variant] = Crowd(servers, "/ws/chat?quiet")
    return crowds


def _rows(size: int, laps: dict[str, list[Lap]]) -> list[Row]:
    rows = []
    for title, ours, stock, to_bare, to_stock in SETTINGS:
        if ours not in laps:
            continue
        sides: dict[Side, list[Lap]] = {"switchboard": laps[ours], "bare": laps["bare"]}
        if stock in laps:
            sides["stock"] = laps[stock]
        row = row_of(f"fan-out, {title.format(size)}", "deliveries/s", sides)
        if size == JUDGED:
            if to_bare is not None:
                row.ask("bare", to_bare)
            if to_stock is not None:
                row.ask("stock", to_stock)
        rows.append(row)
    return rows


def _flatness(laps: dict[int, dict[str, list[Lap]]]) -> list[Row]:
    """What a delivery in a room of 1,000 costs beside one in a room of 100."""
    rows = []
    small, large = laps.get(100, {}), laps.get(1000, {})
    for name, where in (("switchboard", "memory"), ("switchboard, Redis", "Redis")):
        if name not in small or name not in large:
            continue
        sides: tuple[tuple[Side, str], ...] = (
            ("switchboard", name),
            ("bare", "bare"),
            ("stock", name.replace("switchboard", "stock")),
        )
        row = Row(f"flat: chat of 1,000 ÷ of 100, {where}", "ratio", {})
        for side, variant in sides:
            if variant in small and variant in large:
                rates = [lap.rate for lap in large[variant]], [lap.rate for lap in small[variant]]
                row.rounds[side] = [ratio(*rates)]
        row.checks.append(Check("1,000 ÷ 100", row.rounds["switchboard"][0], 0.85))
        rows.append(row)
    return rows
