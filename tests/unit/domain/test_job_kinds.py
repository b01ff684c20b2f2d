"""What jobs compute: texts exactly as the protocol has them, step by step."""

from itertools import pairwise

import pytest
from hypothesis import given

from domain.job_kinds import Asking, Outcome, Part, Step, steps_of, takes_input
from domain.jobs import JobKind
from tests.unit.domain.strategies import contents, job_kinds


def result(kind: JobKind, content: str) -> str:
    *_, last = steps_of(kind, content)
    assert isinstance(last, Outcome)
    return last.text


def steps(kind: JobKind, content: str) -> list[Step]:
    return [step for step in steps_of(kind, content) if isinstance(step, Step)]


@pytest.mark.parametrize(
    ("content", "translated"),
    [
        ("hello", "hola"),
        ("world", "mundo"),
        ("good morning", "buenos días"),
        ("thank you", "gracias"),
        ("xylophone", "[TRANSLATED: xylophone]"),
    ],
)
def test_translations_are_shown_beside_the_original(content: str, translated: str) -> None:
    assert result(JobKind.TRANSLATE, content) == f"🌍 Translated: '{content}' → '{translated}'"


def test_a_translation_minds_neither_case_nor_spaces_around() -> None:
    assert result(JobKind.TRANSLATE, " HeLLo ") == "🌍 Translated: ' HeLLo ' → 'hola'"


def test_an_analysis_counts_characters_words_vowels_and_consonants() -> None:
    lines = result(JobKind.ANALYZE, "Hello brave new world").split("\n")

    assert lines[:5] == [
        "📊 Analysis of 'Hello brave new world':",
        "• Characters: 21",
        "• Words: 4",
        "• Vowels: 6",
        "• Consonants: 12",
    ]


def test_an_analysis_goes_on_with_lines_and_the_longest_word() -> None:
    lines = result(JobKind.ANALYZE, "one\nthree two").split("\n")

    # The text itself has two lines and stands in the heading.
    assert lines[6:] == ["• Lines: 2", "• Longest word: three"]


def test_digits_and_signs_are_neither_vowels_nor_consonants() -> None:
    text = result(JobKind.ANALYZE, "a1 b2! ?")

    assert "• Characters: 8\n• Words: 3\n• Vowels: 1\n• Consonants: 1\n" in text


def test_an_analysis_of_nothing_but_signs_has_no_longest_word_to_stumble_on() -> None:
    assert result(JobKind.ANALYZE, " \u2028 ").endswith("• Longest word: ")


@pytest.mark.parametrize(
    ("content", "about"),
    [
        ("What is the WEATHER like?", "umbrella"),
        ("any food?", "olive oil"),
        ("help!", "Happy to help"),
        ("tell me a story", "interesting thought"),
    ],
)
def test_a_generated_text_fits_what_was_asked(content: str, about: str) -> None:
    text = result(JobKind.GENERATE, content)

    assert text.startswith(f"🤖 AI Response to '{content}':\n")
    assert about in text


def test_a_topic_is_a_whole_word() -> None:
    assert "umbrella" not in result(JobKind.GENERATE, "the train leaves on Sunday")


@pytest.mark.parametrize("content", ["weather", "food", "help", "anything else"])
def test_a_generated_text_grows_in_parts_into_the_result(content: str) -> None:
    whole = result(JobKind.GENERATE, content)
    work = steps_of(JobKind.GENERATE, content)
    parts = [step.text for step in work if isinstance(step, Part)]

    assert len(parts) >= 3
    assert "".join(parts) == whole
    assert all(parts)
    assert len(steps(JobKind.GENERATE, content)) >= 3


def test_a_conversation_goes_on_as_long_as_it_is_answered() -> None:
    work = steps_of(JobKind.CONVERSE, "tea")
    answers = iter(["green", "☕"])
    said, step = "", next(work)
    while not isinstance(step, Outcome):
        if isinstance(step, Part):
            said += step.text
        step = work.send(next(answers, None) if isinstance(step, Asking) else None)

    assert said == step.text
    assert "You say 'green'" in said
    assert "You say '☕'" in said
    assert [kind for kind in JobKind if takes_input(kind)] == [JobKind.CONVERSE]


def test_anything_else_comes_back_in_capitals() -> None:
    assert result(JobKind.DEFAULT, "make it so") == "✅ Processed: MAKE IT SO"


@given(job_kinds, contents)
def test_any_work_is_steps_of_rising_progress_and_one_outcome_at_the_end(
    kind: JobKind, content: str
) -> None:
    *before, last = steps_of(kind, content)

    assert isinstance(last, Outcome)
    assert sum(step.seconds for step in before if not isinstance(step, Outcome)) > 0
    progress = [0.0]
    for step in before:
        if isinstance(step, Part):
            assert step.text in last.text
        if isinstance(step, Part | Asking):
            continue
        assert isinstance(step, Step)
        assert step.note
        progress.append(step.progress)
    assert len(progress) > 1
    assert all(one < other for one, other in pairwise(progress))
    assert progress[-1] < 1


@given(job_kinds, contents)
def test_the_same_work_has_the_same_result(kind: JobKind, content: str) -> None:
    assert list(steps_of(kind, content)) == list(steps_of(kind, content))
