"""Jobs, from the side of whoever asks for them: submit, watch, cancel, list."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from application.access import Access
from application.errors import QueueIsFull, RateLimited, TooManySubscriptions, Unavailable
from application.job_endings import tell_ending
from application.job_ports import AskedJobs, EndedJobs, JobQueue, ShareIsUsedUp
from application.limits import Limit, Limits
from application.ports import (
    Broadcaster,
    Clock,
    Cursor,
    GrowingTexts,
    Ids,
    LossReason,
    Recovery,
    Subscriber,
    Subscriptions,
)
from domain import jobs
from domain.audiences import Audience, AudienceKind
from domain.capabilities import Right
from domain.errors import JobIsOver, JobIsUnknown, JobTakesNoInput, NotAllowed
from domain.identity import Caller, IdempotencyKey, JobId, MessageText
from domain.job_kinds import takes_input
from domain.jobs import (
    Job,
    JobCancelled,
    JobEvent,
    JobKind,
    JobOutputShown,
    JobProgressed,
    JobQueued,
    JobState,
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Submitted:
    """`again` says that this job was submitted before, under the same key."""

    job_id: JobId
    again: bool


class JobService:
    """The records hold the truth, the queue only starts jobs.

    A job that is in the records is accepted; one that could not be put on the queue
    is put there later by the workers' own rounds.
    """

    def __init__(
        self,
        broadcaster: Broadcaster,
        texts: GrowingTexts,
        subscriptions: Subscriptions,
        asked: AskedJobs,
        ended: EndedJobs,
        queue: JobQueue,
        clock: Clock,
        ids: Ids,
        access: Access,
        limits: Limits,
        *,
        text_limit: int,
        queue_limit: int,
        watch_limit: int,
        list_limit: int,
    ) -> None:
        self._broadcaster = broadcaster
        self._texts = texts
        self._subscriptions = subscriptions
        self._asked = asked
        self._ended = ended
        self._queue = queue
        self._clock = clock
        self._ids = ids
        self._access = access
        self._limits = limits
        self._text_limit = text_limit
        self._queue_limit = queue_limit
        self._watch_limit = watch_limit
        self._list_limit = list_limit

    async def enter(self, caller: Caller) -> None:
        """Raise `NotAllowed` for whom no job is for."""
        await self._access.demand(caller, jobs.ANY_JOB, Right.SUBSCRIBE)

    async def submit(
        self,
        caller: Caller,
        subscriber: Subscriber | None,
        kind: str,
        content: str,
        key: str | None = None,
    ) -> Submitted:
        """Accept a job and let `subscriber`, if any, watch it; an unknown `kind` runs as default.

        Under the same `key` the same member finds the same job again, for as long as its record
        is kept; nobody is subscribed then.
        Raises `NotAllowed`, `TextIsEmpty`, `TextIsTooLong`, `IdempotencyKeyIsImpossible`,
        `QueueIsFull`, `RateLimited`, `TooManySubscriptions`.
        """
        await self._access.demand(caller, jobs.ANY_JOB, Right.PUBLISH)
        text = MessageText.parse(content, limit=self._text_limit)
        retry_of = (
            None if key is None else IdempotencyKey.parse(key, caller.member.id, kind, content)
        )
        if retry_of is not None and (known := await self._asked.keyed(retry_of)) is not None:
            return Submitted(known.id, again=True)
        if await self._queue.depth() >= self._queue_limit:
            raise QueueIsFull(f"{self._queue_limit} jobs are waiting already.")
        member, kind_of_job, now = caller.member, JobKind.parse(kind), self._clock.now()
        job = Job.ask(self._ids.job_id(), kind_of_job, text.value, member, now, retry_of)
        audience = jobs.audience(job.id)
        if subscriber is not None:
            await self._subscriptions.subscribe(audience, subscriber)
        try:
            is_new = await self._add(caller, job)
            if is_new:
                await self._broadcaster.publish(audience, JobQueued(job.id, member, key))
        except (Unavailable, RateLimited):
            await self._unwatch(subscriber, audience)
            raise
        if not is_new:
            # Another connection of this member was faster with the same key.
            await self._unwatch(subscriber, audience)
            return Submitted(await self._faster(retry_of), again=True)
        try:
            await self._queue.put(job.id)
        except Unavailable as error:
            reason = error.__cause__ or error
            log.warning("a job will be put on the queue later: %r", reason, extra={"job": job.id})
        return Submitted(job.id, again=False)

    async def _add(self, caller: Caller, job: Job) -> bool:
        try:
            return await self._asked.add(job, self._limits.job_shares(caller))
        except ShareIsUsedUp as full:
            limit = Limit.JOB_BYTES if full.is_bytes else Limit.JOBS_WAITING
            self._limits.refuse(limit, full.scope, caller, full.retry_after)
            return await self._asked.add(job)

    async def _unwatch(self, subscriber: Subscriber | None, audience: Audience[JobEvent]) -> None:
        if subscriber is not None:
            await self._subscriptions.drop(subscriber, audience)

    async def _faster(self, key: IdempotencyKey | None) -> JobId:
        """The job that had this key a moment ago; raises `Unavailable` if it is gone by now."""
        known = None if key is None else await self._asked.keyed(key)
        if known is None:
            raise Unavailable
        return known.id

    async def watch(
        self, caller: Caller, subscriber: Subscriber, job_id: JobId, since: Cursor | None = None
    ) -> Job | None:
        """Deliver where the job stands and all that follows, or what came after `since`. Where that
        isn't all that was missed, its output is delivered as a whole.

        Returns the job if it is over and history no longer tells how it ended.
        Raises `NotAllowed`, `JobIsUnknown`, `RateLimited`.
        """
        audience = jobs.audience(job_id)
        await self._access.demand_listening(caller, audience, since)
        job = await self._seen_by(caller, job_id)
        if since is not None:
            async with self._limits.recovery(caller, since):
                recovery = await self._subscriptions.subscribe(audience, subscriber, since=since)
            if recovery is None or recovery.reason is None:
                return job if job.state.is_over and recovery is None else None
            over = await self._show_output(subscriber, job_id)
            # What is left of an ended job's history ends with how it ended.
            return over or (job if job.state.is_over and not recovery.missed else None)
        if not job.state.is_over:
            await self._subscriptions.subscribe(audience, subscriber, replay_last=True)
        over = await self._show_output(subscriber, job_id)
        return over or (job if job.state.is_over else None)

    async def _show_output(self, subscriber: Subscriber, job_id: JobId) -> Job | None:
        """Deliver all output so far, if there is any. What was delivered before is part of it, what
        follows goes on where it ends, or is part of it, too. Returns the job, if it is over: then
        how it ended is to be told once more, as the last."""
        audience = jobs.audience(job_id)
        text = await self._texts.text(audience)
        job = await self._asked.get(job_id) if text else None
        if job is None:
            return None
        if job.state is JobState.RUNNING:
            # The newest event may be one of output, which doesn't say where the job stands.
            stands = JobProgressed(job_id, job.attempt, job.progress, "⚙️ The job is running.")
            self._subscriptions.tell(audience, subscriber, stands)
        self._subscriptions.tell(audience, subscriber, JobOutputShown(job_id, job.attempt, text))
        return job if job.state.is_over else None

    def one_of_each(self, cursors: Iterable[Cursor]) -> Iterator[Cursor]:
        """The last cursor of each job that `cursors` belong to, and of all that belong to none.

        Raises `TooManySubscriptions` after as many as one connection may watch.
        """
        last = {self._subscriptions.audience_of(cursor): cursor for cursor in cursors}
        for number, cursor in enumerate(last.values()):
            if number == self._watch_limit:
                raise TooManySubscriptions(
                    f"One connection can come back to {self._watch_limit} jobs at a time."
                )
            yield cursor

    async def resume(self, caller: Caller, subscriber: Subscriber, since: Cursor) -> Job | None:
        """Go on watching the job that a cursor belongs to; see `watch`.

        A cursor of no job, or of one that `caller` can't watch (any more), is told as a
        recovery that failed.
        """
        audience = self._subscriptions.audience_of(since)
        if audience is None or audience.kind is not AudienceKind.JOB:
            subscriber.recover(Recovery(0, LossReason.INVALID), [])
            return None
        try:
            return await self.watch(caller, subscriber, JobId(audience.key), since)
        except (JobIsUnknown, NotAllowed):
            subscriber.recover(Recovery(0, LossReason.UNKNOWN_POSITION), [])
            return None

    async def cancel(self, caller: Caller, subscriber: Subscriber | None, job_id: JobId) -> None:
        """Stop a job of one's own, and have `subscriber`, if any, watch its end.

        Raises `NotAllowed`, `JobIsUnknown`, `JobIsNotYours`, `JobIsOver`.
        """
        audience = jobs.audience(job_id)
        await self._access.demand(caller, audience, Right.PUBLISH)
        job = await self._seen_by(caller, job_id)
        job.check_owner(caller)
        if subscriber is not None:
            await self._subscriptions.subscribe(audience, subscriber)
        now = self._clock.now()
        cancelled = await self._asked.cancel(job_id, now)
        if cancelled is None:
            raise JobIsOver("This job is over already.")
        if cancelled.state is JobState.CANCELLED:
            await tell_ending(self._broadcaster, self._ended, JobCancelled(job_id, at=now))
        else:
            await self._queue.interrupt(job_id)

    async def give(self, caller: Caller, job_id: JobId, data: str) -> None:
        """Give a running job of one's own input; its worker is told at once, or a little later.

        Raises `NotAllowed`, `JobIsUnknown`, `JobIsNotYours`, `JobTakesNoInput`, `TextIsEmpty`,
        `TextIsTooLong`, `JobIsOver`, `JobIsNotRunning`, `JobInputIsFull`.
        """
        await self._access.demand(caller, jobs.audience(job_id), Right.PUBLISH)
        job = await self._seen_by(caller, job_id)
        job.check_owner(caller)
        if not takes_input(job.kind):
            raise JobTakesNoInput(f"A job of the kind {job.kind} takes no input.")
        text = MessageText.parse(data, limit=self._text_limit)
        if await self._asked.give(job_id, text.value) is None:
            raise JobIsUnknown("There is no job with this id.")
        await self._queue.interrupt(job_id)

    async def get(self, caller: Caller, job_id: JobId) -> Job:
        """Raises `NotAllowed`, and `JobIsUnknown` also for a job that `caller` may not see."""
        await self._access.demand(caller, jobs.audience(job_id), Right.SUBSCRIBE)
        return await self._seen_by(caller, job_id)

    async def _seen_by(self, caller: Caller, job_id: JobId) -> Job:
        job = await self._asked.get(job_id)
        if job is None:
            raise JobIsUnknown("There is no job with this id.")
        job.check_watcher(caller)
        return job

    async def list(self, caller: Caller) -> list[Job]:
        """The caller's own jobs, newest first; raises `NotAllowed`."""
        await self._access.demand(caller, jobs.ANY_JOB, Right.SUBSCRIBE)
        return await self._asked.of_owner(caller.member.id, self._list_limit)

    async def leave(self, subscriber: Subscriber) -> None:
        await self._subscriptions.drop(subscriber)
