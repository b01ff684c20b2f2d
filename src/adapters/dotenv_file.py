"""The file `.env`, looked at before it is used: whatever can't be understood in it is told."""

import io
import os
import re
import stat
from collections.abc import Callable, Set
from pathlib import Path

from dotenv.parser import Binding, parse_stream

MAX_BYTES = 1024 * 1024
"""A thousand times what all settings take: more is something else, put there by mistake."""

_VARIABLE = re.compile(r"\$\{([^}:]*)\}")
"""One without a default, as python-dotenv (1.2) finds them."""


class FileIsWrong(Exception):
    """A line for each problem: which file, and what is wrong with it."""


def names_in(path: Path, is_ours: Callable[[str], bool]) -> set[str]:
    """All names in it; none if there is no file. Raises `FileIsWrong`, also for a name that
    `is_ours` and has no `=`, or names a variable that isn't there.

    pydantic-settings (2.16) ignores a folder, and python-dotenv (1.2) lines that it can't parse;
    it puts nothing for `${NAME}`, in whatever quotes, where no such variable is set.
    """
    names, problems = set[str](), list[str]()
    for binding in parse_stream(io.StringIO(_text(path))):
        if problem := _problem(binding, is_ours, names):
            problems.append(f"{path}, line {_line_of(binding)}: {problem}.")
        if binding.key:
            names.add(binding.key)
    if problems:
        raise FileIsWrong("\n".join(problems))
    return names


def _text(path: Path) -> str:
    try:
        raw = _bytes(path)
    except FileNotFoundError:
        if not path.is_symlink():
            return ""
        raise FileIsWrong(f"{path} can't be read: it links to nothing.") from None
    except OSError as error:
        raise FileIsWrong(f"{path} can't be read: {error.strerror}.") from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise FileIsWrong(
            f"{path} can't be read: line {line} is not UTF-8; save the file as UTF-8."
        ) from None
    if "\0" in text:
        # As in UTF-16, and in no text.
        raise FileIsWrong(f"{path} can't be read: it holds zero bytes; save it as UTF-8.")
    return text


def _bytes(path: Path) -> bytes:
    mode = path.stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        if path.samefile(os.devnull):  # how containers hide a file
            return b""
        # A pipe would be waited for, and a device may never end.
        raise FileIsWrong(f"{path} can't be read: it is no regular file.")
    with path.open("rb") as file:
        raw = file.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise FileIsWrong(f"{path} can't be read: it has more than {MAX_BYTES} bytes.")
    return raw


def _problem(binding: Binding, is_ours: Callable[[str], bool], before: Set[str]) -> str | None:
    if binding.error:
        return "this is not NAME=VALUE, or a quote is missing"
    if not binding.key or not is_ours(binding.key):
        return None
    if binding.value is None:
        return f"{binding.key} has no ="
    for name in _VARIABLE.findall(binding.value):
        if name not in os.environ and name not in before:
            # Without the name, which may be part of a secret.
            return f"{binding.key} has ${{…}} for a variable that is not set"
    return None


def _line_of(binding: Binding) -> int:
    text = binding.original.string
    return binding.original.line + text[: len(text) - len(text.lstrip())].count("\n")
