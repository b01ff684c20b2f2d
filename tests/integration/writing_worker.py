"""A worker whose `default` jobs write so many tokens as their content says, 150 a second. They are
the same for each attempt."""

import bootstrap
from domain import job_kinds
from domain.job_kinds import Outcome, Part, Work
from domain.jobs import JobKind

TOKENS_A_SECOND = 150


def token(number: int) -> str:
    return f"t{number:x}☕ "


def text(tokens: int) -> str:
    return "".join(map(token, range(tokens)))


def write(content: str) -> Work:
    tokens = int(content)
    for number in range(tokens):
        yield Part(token(number), 1 / TOKENS_A_SECOND)
    yield Outcome(text(tokens))


if __name__ == "__main__":
    job_kinds._KINDS[JobKind.DEFAULT] = write
    bootstrap.main()
