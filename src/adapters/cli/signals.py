"""What a terminal or a service manager asks of this process, by signals."""

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine
from typing import Any


class Signals:
    """Ctrl+C, SIGTERM and a closed terminal set `stop`; a second Ctrl+C sets `kill`.

    With `renews`, a SIGHUP that comes from no closed terminal sets `renew`. A second SIGTERM
    changes nothing: make passes one on to a process that its group was sent already.
    """

    def __init__(self, *, renews: bool = False) -> None:
        self.stop = asyncio.Event()
        self.kill = asyncio.Event()
        self.renew = asyncio.Event()
        self._renews = renews
        self._had_terminal = os.isatty(0)
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self.stop.set)
        loop.add_signal_handler(signal.SIGINT, self._interrupted)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as under nohup
            loop.add_signal_handler(signal.SIGHUP, self._hung_up)

    async def run_until_stopped(
        self, work: Coroutine[Any, Any, None], on_stop: Callable[[], None] = lambda: None
    ) -> None:
        """Run `work` until it ends or `stop` is set; then it is cancelled and awaited."""
        working = asyncio.ensure_future(work)
        stopping = asyncio.ensure_future(self.stop.wait())
        try:
            await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                on_stop()
        finally:
            stopping.cancel()
            working.cancel()
            await asyncio.wait({working})
        if not working.cancelled():
            working.result()

    def _interrupted(self) -> None:
        if self.stop.is_set():
            self.kill.set()
        self.stop.set()

    def _hung_up(self) -> None:
        if self._renews and not (self._had_terminal and not os.isatty(0)):
            self.renew.set()
        else:
            self.stop.set()
