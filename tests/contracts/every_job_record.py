"""All that job records promise, for each adapter to subclass: see `application.job_ports`."""

from tests.contracts.asked_jobs import AskedJobsContract
from tests.contracts.ended_jobs import EndedJobsContract
from tests.contracts.job_shares import JobSharesContract
from tests.contracts.running_jobs import RunningJobsContract
from tests.contracts.stalled_jobs import StalledJobsContract


class JobRecordsContract(
    AskedJobsContract,
    JobSharesContract,
    RunningJobsContract,
    StalledJobsContract,
    EndedJobsContract,
):
    """Asking, running, stalling and ending."""
