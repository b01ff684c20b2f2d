"""The file `.env`, looked at before it is used: whatever can't be understood in it is told."""

import io
from collections.abc import Iterator
from pathlib import Path

from dotenv.parser import Binding, parse_stream


class FileIsWrong(Exception):
    """A line for each problem: which file, and what is wrong with it."""


def names_in(path: Path, prefix: str) -> Iterator[str]:
    """The names that begin with `prefix`; none if there is no file. Raises `FileIsWrong`.

    pydantic-settings (2.16) ignores a folder, and python-dotenv (1.2) lines that it can't parse.
    """
    bindings = list(parse_stream(io.StringIO(_text(path))))
    problems = [
        f"{path}, line {_line_of(binding)}: {problem}."
        for binding in bindings
        if (problem := _problem(binding, prefix))
    ]
    if problems:
        raise FileIsWrong("\n".join(problems))
    return (name for binding in bindings if (name := binding.key) and _begins(name, prefix))


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
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


def _problem(binding: Binding, prefix: str) -> str | None:
    if binding.error:
        return "this is not NAME=VALUE, or a quote is missing"
    if binding.key and binding.value is None and _begins(binding.key, prefix):
        return f"{binding.key} has no ="
    return None


def _line_of(binding: Binding) -> int:
    text = binding.original.string
    return binding.original.line + text[: len(text) - len(text.lstrip())].count("\n")


def _begins(name: str, prefix: str) -> bool:
    return name.upper().startswith(prefix)
