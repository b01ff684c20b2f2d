"""What is said when no file descriptors are left."""

import asyncio
import errno
import socket

import pytest

from adapters.server.descriptors import DescriptorWatch, without_accepting


def test_that_none_is_left_is_told_once_each_time(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def none_left() -> socket.socket:
        raise OSError(errno.EMFILE, "Too many open files")

    watch = DescriptorWatch()
    for times in (1, 2):
        watch.check()
        with monkeypatch.context() as full:
            full.setattr(socket, "socket", none_left)
            watch.check()
            watch.check()
        assert len(caplog.messages) == times
    assert caplog.messages[0].startswith("no file descriptors are left")


async def test_asyncio_s_tracebacks_for_that_are_left_out_and_no_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    loop = asyncio.get_running_loop()
    error = OSError(errno.EMFILE, "Too many open files")
    told = {"message": "socket.accept() out of system resource", "exception": error}
    without_accepting(loop, told)
    assert caplog.messages == []
    without_accepting(loop, {"message": "something else", "exception": error})
    assert caplog.messages == ["something else"]
