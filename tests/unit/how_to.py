"""Which suite is run in a copy that followed a page of `docs/how-to`."""

from tests.unit.copying import Copy

OF_COPIES = [
    "test_how_to_add.py",
    "test_how_to_remove.py",
    "test_makefile.py",
    "test_import_contracts.py",
]
"""They make copies themselves, and are left out in one."""

KNOW_NO_FEATURES = [
    *(
        f"adapters/{folder}"
        for folder in ("server", "cli", "identity", "limits", "storage", "jobs", "sessions")
    ),
    *(
        f"adapters/layers/test_{name}.py"
        for name in (
            "group_feed",
            "group_feed_driven",
            "lane_memory_driven",
            "position",
            "recovery_window",
        )
    ),
    *(
        f"adapters/http/test_{name}.py"
        for name in (
            "gate",
            "headers",
            "head_requests",
            "health",
            "hosts",
            "openapi",
            "origins",
            "pages",
        )
    ),
    *(f"adapters/settings/test_{name}.py" for name in ("misspelt", "refusals", "sources")),
    *(f"domain/test_{name}.py" for name in ("capabilities", "characters")),
]
"""`make soak` runs these, too."""

OF_THE_WHOLE = [
    "test_environment.py",
    "test_hot_path.py",
    "adapters/websocket/test_leaks.py",
    "adapters/websocket/test_slow_reader.py",
    "adapters/websocket/test_drain.py",
]
"""What processes, objects and readers cost, whatever features there are: `make soak` runs them in
a copy, too."""

OVER_REAL_SOCKETS = "tests/integration/test_sockets.py"
"""What each socket is for, with a real server, in memory and on Redis."""

SECONDS = 1_000
"""For a copy, its checks and its suite, on a busy machine."""


def run_tests(copy: Copy) -> None:
    """The suite that needs no server, and what goes over every socket of a real one."""
    suites = ("tests/unit", OVER_REAL_SOCKETS)
    _pytest(copy, *_without(OF_COPIES + KNOW_NO_FEATURES + OF_THE_WHOLE), *suites, seconds=800)


def run_whole_suite(copy: Copy) -> None:
    _pytest(copy, "-n", "2", *_without(OF_COPIES), "tests", seconds=2_400)


def _pytest(copy: Copy, *words: str, seconds: float) -> None:
    copy.run("pytest", "-q", "-p", "no:cacheprovider", *words, seconds=seconds)


def _without(names: list[str]) -> list[str]:
    return [word for name in names for word in ("--ignore", f"tests/unit/{name}")]
