"""What each kind of job computes, step by step. Pure: whoever runs it does the waiting."""

import re
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TypeAlias

from domain.jobs import JobKind


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a job: `progress` from 0 to 1, `seconds` it is simulated to take."""

    progress: float
    note: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Part:
    """The next part of a job's output, and the `seconds` that it is simulated to take."""

    text: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Asking:
    """The work waits for its next input, for so many `seconds`; it is sent that, or None."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """The last step, with what the job came to: all of its output, if there were parts."""

    text: str


Work: TypeAlias = Generator[Step | Part | Asking | Outcome, str | None, None]
StepsOf: TypeAlias = Callable[[JobKind, str], Work]


def steps_of(kind: JobKind, content: str) -> Work:
    """Yield `Step`s of rising progress, `Part`s of output and `Asking`s for input, then one
    `Outcome`."""
    return _KINDS[kind](content)


def takes_input(kind: JobKind) -> bool:
    return kind is JobKind.CONVERSE


_DICTIONARY = {
    "hello": "hola",
    "world": "mundo",
    "good morning": "buenos días",
    "thank you": "gracias",
}


def _translate(content: str) -> Work:
    yield Step(0.25, "Detecting the language", 0.5)
    yield Step(0.75, "Translating", 1.0)
    translated = _DICTIONARY.get(content.strip().lower(), f"[TRANSLATED: {content}]")
    yield Outcome(f"🌍 Translated: '{content}' → '{translated}'")


def _analyze(content: str) -> Work:
    yield Step(0.2, "Reading", 0.5)
    words = content.split()
    yield Step(0.5, "Counting words", 0.5)
    letters = re.findall("[a-z]", content.lower())
    vowels = sum(letter in "aeiou" for letter in letters)
    yield Step(0.8, "Counting letters", 0.5)
    longest = max(words, key=len, default="")
    yield Outcome(
        f"📊 Analysis of '{content}':\n"
        f"• Characters: {len(content)}\n"
        f"• Words: {len(words)}\n"
        f"• Vowels: {vowels}\n"
        f"• Consonants: {len(letters) - vowels}\n"
        f"• Lines: {content.count(chr(10)) + 1}\n"
        f"• Longest word: {longest}"
    )


_ANSWERS = (
    (
        ("weather", "rain", "sun", "forecast"),
        "Expect a mix of sun and clouds with a light breeze. An umbrella may stay at home.",
    ),
    (
        ("food", "eat", "recipe", "cook"),
        "Start with good olive oil, garlic and ripe tomatoes. Nearly anything after that works.",
    ),
    (
        ("help", "how", "support"),
        "Happy to help. Say what you want to reach, what you tried, and what happened instead.",
    ),
)
_ANY_ANSWER = "That is an interesting thought. Here is one way to look at it: begin small."
_WORDS_A_PART = 3


def _generate(content: str) -> Work:
    asked = set(re.findall(r"\w+", content.lower()))
    answer = next((text for topics, text in _ANSWERS if asked.intersection(topics)), _ANY_ANSWER)
    heading = f"🤖 AI Response to '{content}':\n"
    words = re.findall(r"\S+\s*", answer)
    yield Part(heading, 0)
    for begin in range(0, len(words), _WORDS_A_PART):
        end = begin + _WORDS_A_PART
        yield Part("".join(words[begin:end]), 0.2)
        if end < len(words):
            yield Step(end / len(words), "Writing", 0)
    yield Outcome(heading + answer)


_ANSWER_SECONDS = 30.0
_TURNS = 20


def _converse(content: str) -> Work:
    said = f"💬 About '{content}': what do you say?\n"
    yield Part(said, 0)
    yield Step(0.5, "Listening", 0.1)
    for _ in range(_TURNS):
        heard = yield Asking(_ANSWER_SECONDS)
        if heard is None:
            break
        answer = f"💬 You say '{heard}'. And?\n"
        said += answer
        yield Part(answer, 0.1)
    ending = "💬 That is all."
    yield Part(ending, 0)
    yield Outcome(said + ending)


def _default(content: str) -> Work:
    yield Step(0.5, "Processing", 1.0)
    yield Outcome(f"✅ Processed: {content.upper()}")


_KINDS: dict[JobKind, Callable[[str], Work]] = {
    JobKind.TRANSLATE: _translate,
    JobKind.ANALYZE: _analyze,
    JobKind.GENERATE: _generate,
    JobKind.CONVERSE: _converse,
    JobKind.DEFAULT: _default,
}
