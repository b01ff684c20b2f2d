"""The limit on file descriptors, of which each connection takes one."""

import logging
import sys

from adapters.settings import BackendName, Settings
from adapters.settings_group import PREFIX

if sys.platform != "win32":
    import resource

log = logging.getLogger(__name__)

OTHERS = 64
"""For what is neither a client's nor in the pool: listeners, links to Redis, files, the loop."""


def provide_descriptors(settings: Settings) -> None:
    """Raise this process's limit to the hard one, and warn if clients may need more.

    Processes that it starts inherit the limit.
    """
    if sys.platform == "win32":
        return
    clients = settings.sessions.max_connections + settings.server.http_connections
    pool = settings.redis.pool if settings.backend is BackendName.REDIS else 0
    needed = clients + pool + OTHERS
    limit = _raised(needed)
    if limit < needed:
        log.warning(
            "only %s of %s file descriptors can be had: raise the hard limit (ulimit -Hn,"
            " LimitNOFILE=), or lower %sMAX_CONNECTIONS and %sHTTP_CONNECTIONS by %s together",
            limit,
            needed,
            PREFIX,
            PREFIX,
            needed - limit,
        )


def _raised(needed: int) -> int:
    """The soft limit, once it is raised as far as it can be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for wanted in (hard, needed):
        if _is_less(soft, wanted):
            try:
                resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            except (ValueError, OSError):
                continue  # macOS may say "unlimited", and take less
            soft = wanted
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft


def _is_less(soft: int, wanted: int) -> bool:
    unlimited = resource.RLIM_INFINITY
    return soft != unlimited and (wanted == unlimited or soft < wanted)
