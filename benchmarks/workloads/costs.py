"""What a choice costs: the same echo and fan-out with one setting changed, beside the usual."""

from dataclasses import asdict

from benchmarks.bench import Bench
from benchmarks.crowd import Crowd
from benchmarks.figures import Row
from benchmarks.processes import Stage
from benchmarks.talk import Lap, Talk

CONNECTIONS = 50
MEMBERS = 100
SPEAKERS = 8

USUAL = "as usual"
CHOICES = {
    USUAL: {},
    "every frame logged": {"LOG_WEBSOCKET": "true"},
    "completion frames": {"SEND_COMPLETION": "true"},
    "without our own reader of frames": {"SWITCHBOARD_FAST_FRAMES": "false"},
}


async def measure(bench: Bench) -> list[Row]:
    rows = []
    with bench.stage() as stage:
        for work, path, size, alone in (
            ("echo", "/ws/system", CONNECTIONS, True),
            (f"fan-out, chat of {MEMBERS}", "/ws/chat", MEMBERS, False),
        ):
            laps = await bench.interleave(
                f"costs, {work}", await _talks(stage, path, size, alone=alone), share=0.5
            )
            rows += [_row(f"{work}: {choice}", laps[choice], laps[USUAL]) for choice in laps]
    return [row for row in rows if not row.work.endswith(USUAL)]


async def _talks(stage: Stage, path: str, size: int, *, alone: bool) -> dict[str, Talk]:
    talks = {}
    for choice, settings in CHOICES.items():
        crowd = Crowd([stage.server("switchboard", settings=settings)], path)
        await crowd.grow(size)
        await crowd.settle()
        action = "user_message" if alone else "chat"
        speakers = size if alone else SPEAKERS
        talks[choice] = Talk(crowd, action, speakers=speakers, alone=alone)
    return talks


def _row(work: str, laps: list[Lap], usual: list[Lap]) -> Row:
    shares = [lap.rate / other.rate for lap, other in zip(laps, usual, strict=True) if other.rate]
    return Row(
        work,
        "× as usual",
        {"switchboard": shares},
        detail={"switchboard": [asdict(lap) for lap in laps]},
    )
