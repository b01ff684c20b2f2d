"""What is over a limit: counted, told in the log, and refused, unless that is only tried."""

import logging
from collections import Counter
from typing import Literal, TypeAlias

log = logging.getLogger(__name__)

Scope: TypeAlias = Literal["address", "connection", "member", "process"]


class Limited:
    """`counts` are by limit and scope, since the start. With `dry_run` nothing is refused."""

    def __init__(self, *, dry_run: bool = False) -> None:
        self._dry_run = dry_run
        self.counts: Counter[tuple[str, Scope]] = Counter()

    def refuses(self, limit: str, scope: Scope, who: str = "") -> bool:
        """Count what is over `limit`; whether it is to be refused. `who` is for the log."""
        self.counts[limit, scope] += 1
        outcome = "not refused, because of LIMITS_DRY_RUN" if self._dry_run else "refused"
        # No arguments: of each limit the first lines are written, and the others counted.
        text = f"too many {limit.replace('_', ' ')} of one {scope}: {outcome}"
        log.warning(text, extra={scope: who} if who and scope == "address" else None)
        return not self._dry_run
