"""What documents name is there, and what people set, read or branch on stands in a document."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

from adapters.settings_group import PREFIX
from adapters.visitors import COOKIE
from tests.sockets import FEATURES
from tests.unit.naming import (
    ENDINGS,
    ROOT,
    are_nested,
    is_made_here,
    is_there,
    lines_of,
    metrics,
    paths,
    settings,
    spans,
    text_of,
    words,
)

DECISIONS = sorted(ROOT.glob("docs/decisions/*.md"))


DOCUMENTS = sorted(
    {*ROOT.glob("docs/**/*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"} - {*DECISIONS}
)
"""A decision tells of its own day, with the names of that day."""


OTHERS_VARIABLES = {"FORWARDED_ALLOW_IPS", "HTTPS_PROXY", "SSL_CERT_FILE"}


COOKIES = {COOKIE}


METRIC = "switchboard_"


every_document = pytest.mark.parametrize(
    "document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT))
)


@every_document
def test_every_file_that_a_document_names_is_there(document: Path) -> None:
    is_path = re.compile(rf"[\w.…*-]+(/[\w.…*-]*)+|[\w…*-]+\.({ENDINGS})")
    named = [span.partition("::")[0] for span in spans(document)]
    paths_named = [path for path in named if is_path.fullmatch(path) and not is_made_here(path)]
    assert [path for path in paths_named if not is_there(path)] == []


@every_document
def test_every_name_of_the_code_that_a_document_uses_is_there(document: Path) -> None:
    """`RoomService.say`, `job_kinds.steps_of`, `frames_received`: every word in it, and
    each in the one before it where that is ours."""
    is_name = re.compile(r"(?=.*[._A-Z])[A-Za-z_]\w*(\.\w+)*")
    known = words() | settings() | OTHERS_VARIABLES
    missing = [
        name
        for span in spans(document)
        if is_name.fullmatch(name := span.removeprefix(PREFIX))
        and not name.startswith(METRIC)
        and not is_there(name)
        and not (known.issuperset(parts := name.split(".")) and are_nested(parts))
    ]
    assert missing == []


@every_document
def test_every_pattern_of_settings_that_a_document_names_fits_some(document: Path) -> None:
    """Such as `LANE_…__CAPACITY`."""
    patterns = [span for span in spans(document) if re.fullmatch(r"[A-Z_]*…[A-Z_]*", span)]
    for pattern in patterns:
        assert any(fnmatch(name, pattern.replace("…", "*")) for name in settings()), pattern


@every_document
async def test_every_metric_that_a_document_names_exists(document: Path) -> None:
    named = set(re.findall(rf"\b{METRIC}\w+", text_of(document))) - COOKIES
    assert named <= await metrics()


@every_document
def test_every_test_that_a_document_names_exists(document: Path) -> None:
    for span in spans(document):
        path, colons, test = span.partition("::")
        if not colons:
            continue
        folder = ROOT / "tests" if "/" in path else ROOT / "tests" / "integration"
        assert f"def {test}(" in text_of(folder / path), span


@every_document
def test_every_decision_that_a_document_names_is_there(document: Path) -> None:
    numbers = re.findall(r"\bdecision (\d{4})\b", text_of(document))
    assert all(any(file.name.startswith(number) for file in DECISIONS) for number in numbers)


def test_every_setting_stands_in_a_document_or_in_the_example() -> None:
    written = set(re.findall(r"[A-Z]+(?:_+[A-Z]+)*", text_of(ROOT / ".env.example")))
    for document in DOCUMENTS:
        written |= set(re.findall(r"[A-Z]+(?:_+[A-Z]+)*", text_of(document)))
    assert {name for name in settings() if not {name, PREFIX + name} & written} == set()


async def test_every_metric_stands_in_the_page_on_operations() -> None:
    written = set(re.findall(rf"\b{METRIC}\w+", text_of(ROOT / "docs" / "operations.md")))
    assert await metrics() <= written


def prose(file: Path) -> Iterator[str]:
    """What a file says to people: the lines of a document, comments and docstrings of code."""
    if file.suffix == ".md":
        yield lines_of(file)
        return
    text = text_of(file)
    if file.suffix != ".py":
        yield text
        return
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.string
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield str(node.value.value)


def read_by_people() -> list[Path]:
    tops = ("src", "tests", "docs", "benchmarks", "examples")
    found = [file for top in tops for file in (ROOT / top).rglob("*")]
    ours = [*found, *ROOT.glob("*.md"), ROOT / ".env.example", ROOT / "Makefile"]
    endings = {".py", ".md", ".lua", ".js", ".css", ".html", ".example", ""}
    return sorted(file for file in ours if file.is_file() and file.suffix in endings)


def test_no_text_leads_to_a_file_that_is_not_there() -> None:
    names_file = re.compile(rf"(?<![\w/.…*-])[\w./…*-]*[\w…*]\.(?:{ENDINGS})\b(?![\w(])")
    missing = {
        (str(file.relative_to(ROOT)), name)
        for file in read_by_people()
        for text in prose(file)
        for name in names_file.findall(text)
        if not is_made_here(name) and not is_there(name)
    }
    assert missing == set()


def test_words_that_were_given_up_stay_away() -> None:
    """The glossary in `docs/architecture.md` has the words that took their place."""
    given_up = re.compile(
        r"\b(besides|design notes?|leash\w*|farewells?|twins?|hearings?|crews?|keepers?|packets?"
        r"|WorkService|the seed)\b",
        re.IGNORECASE,
    )
    files = set(read_by_people()) - {*DECISIONS, ROOT / "CHANGELOG.md", Path(__file__)}
    found = {file.relative_to(ROOT): given_up.findall(text_of(file)) for file in files}
    assert {file: words_found for file, words_found in found.items() if words_found} == {}


def rooms(floor: str) -> set[str]:
    """What the architecture's table has for a floor: modules, patterns, folders."""
    text = text_of(ROOT / "docs" / "architecture.md")
    _, _, after = text.partition(f"\n### `{floor}`")
    found = set()
    for row in re.findall(r"^\|([^|]+)\|", after.partition("\n#")[0], flags=re.MULTILINE):
        folder = ""
        for name in re.findall(r"`([^`]+)`", row):
            # A name without a folder is in that of the name before it.
            folder = name[: name.rfind("/") + 1] or folder
            found.add(folder + name.removeprefix(folder) + ("*" if name.endswith("/") else ""))
    return found


FEATURE_WORDS = {consumer.__module__.rpartition(".")[2] for consumer in FEATURES}
"""The one word of each feature, which its modules are called by."""


@pytest.mark.parametrize("floor", ["src/domain", "src/application", "src/adapters"])
def test_every_module_has_its_room_in_the_architecture(floor: str) -> None:
    modules = {
        str(file.relative_to(ROOT / floor))
        for file in (ROOT / floor).rglob("*.py")
        if file.name != "__init__.py"
    }
    rows = {
        room: [room.replace("FEATURE", word) for word in FEATURE_WORDS] for room in rooms(floor)
    }
    housed = {
        it for it in modules for names in rows.values() for name in names if fnmatch(it, name)
    }
    empty = {
        room
        for room, names in rows.items()
        if not any(fnmatch(found, f"/{floor}/{name}") for name in names for found in paths())
    }
    assert (modules - housed, empty) == (set(), set())
