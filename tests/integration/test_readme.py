"""What the README tells people to type works, and what it points at is there."""

import re
import shlex
from pathlib import Path

import pytest

from tests.integration.program import ROOT

README = ROOT / "README.md"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def without_fenced(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def commands(program: str) -> list[list[str]]:
    """What follows `program` wherever the README has it as a line or a piece of code."""
    text = README.read_text(encoding="utf-8")
    fenced = re.findall(r"^```\w*\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    lines = [line.strip().removeprefix("$ ") for block in fenced for line in block.splitlines()]
    inline = re.findall(r"`([^`\n]+)`", without_fenced(text))
    found = [line for line in [*lines, *inline] if line.startswith(f"{program} ")]
    return [shlex.split(line, comments=True)[1:] for line in found]


def test_the_readme_is_short_enough_to_be_read() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 150


def test_the_readme_has_the_two_commands_that_do_it_all() -> None:
    assert ["run"] in commands("make")
    assert ["test"] in commands("make")


def test_every_make_verb_of_the_readme_is_in_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, flags=re.MULTILINE))
    named = {words[0] for words in commands("make") if "=" not in words[0]}
    assert named <= targets


def test_every_switchboard_command_of_the_readme_is_understood(helps: dict[str, str]) -> None:
    named = [words for words in commands("switchboard") if not words[0].startswith("-")]
    assert named
    for name, *words in named:
        assert name in helps
        options = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert all(option in helps[name] for option in options), words


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_of_a_document_leads_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)\s]+)\)", without_fenced(text))
    relative = [link for link in links if not re.match(r"[a-z]+:|#|//", link)]
    missing = [link for link in relative if not (document.parent / link.partition("#")[0]).exists()]
    assert missing == []
