"""A job's record as it stands on Redis: JSON, of which nothing is believed before it is checked."""

import json
from dataclasses import asdict

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from domain.identity import IdempotencyKey, JobId, MemberId
from domain.jobs import Job, JobKind, JobState


class Malformed(ValueError):
    """What stands in a record is no job, of whatever release. The text says why, and repeats
    nothing of it."""


class _Record(BaseModel):
    """The fields of `Job`, as this release writes them."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)

    id: str
    kind: str
    content: str
    owner: str
    private: bool
    submitted_at: float
    state: str
    attempt: int = Field(ge=0)
    progress: float = Field(ge=0, le=1)
    cancel_requested: bool
    lost: int = Field(ge=0)
    outcome: str | None = None
    key: str | None = None
    ended_at: float | None = None
    inputs: list[str] = []


def encode(job: Job) -> str:
    # What is not set is left out: a release that doesn't know of it has nothing to object.
    known = {name: value for name, value in asdict(job).items() if value not in (None, ())}
    record = known | ({} if job.key is None else {"key": job.key.value})
    # As it is, and not in ASCII: that would take up to three times the bytes.
    return json.dumps(record, ensure_ascii=False)


def decode(raw: bytes, job_id: str) -> Job | None:
    """The job with this id; None for one that only a newer release understands: releases add
    fields, kinds and states, and change none.

    Raises `Malformed`.
    """
    try:
        record = _Record.model_validate_json(raw)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False, include_input=False)
        if all(problem["type"] == "extra_forbidden" for problem in problems):
            return None
        loc, text = problems[0]["loc"], problems[0]["msg"]
        raise Malformed(f"{'.'.join(map(str, loc))}: {text}" if loc else text) from None
    if record.id != job_id:
        raise Malformed("it is the record of another job")
    try:
        kind, state = JobKind(record.kind), JobState(record.state)
    except ValueError:
        return None
    return Job(
        id=JobId(record.id),
        kind=kind,
        content=record.content,
        owner=MemberId(record.owner),
        private=record.private,
        submitted_at=record.submitted_at,
        state=state,
        attempt=record.attempt,
        progress=record.progress,
        cancel_requested=record.cancel_requested,
        lost=record.lost,
        outcome=record.outcome,
        key=None if record.key is None else IdempotencyKey(record.key),
        ended_at=record.ended_at,
        inputs=tuple(record.inputs),
    )
