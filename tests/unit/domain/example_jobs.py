"""Jobs as the tests of jobs begin with them, and how they may end."""

from domain.identity import JobId, Member, MemberId
from domain.jobs import Job, JobCancelled, JobEnded, JobFailed, JobKind, JobSucceeded

ID = JobId("7")
ADA = Member(MemberId("ada"), "Ada", recognised=True)
BOB = Member(MemberId("bob"), "Bob", recognised=True)
STRANGER = Member(MemberId("stranger"))
SUCCEEDED, FAILED, CANCELLED = JobSucceeded(ID, "done"), JobFailed(ID, "no"), JobCancelled(ID)
ENDINGS: list[JobEnded] = [SUCCEEDED, FAILED, CANCELLED]


def queued(owner: Member = ADA) -> Job:
    return Job.ask(ID, JobKind.TRANSLATE, "hello", owner, now=12.5)


def ended(ending: JobEnded) -> Job:
    return queued().start().end(ending)
