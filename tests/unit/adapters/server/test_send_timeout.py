from adapters.server.send_timeout import SendTimeout


class Peer:
    """A connection whose peer has so much to read."""

    def __init__(self, unread: int | None) -> None:
        self.unread = unread
        self.aborted = False

    def unread_bytes(self) -> int | None:
        return self.unread

    def abort(self) -> None:
        self.aborted = True


def test_a_peer_that_reads_nothing_is_aborted_after_the_timeout_and_not_before() -> None:
    timeout, peer = SendTimeout(5), Peer(100)
    for now in (10, 12, 15):
        timeout.check([peer], now)
        assert not peer.aborted
    timeout.check([peer], 15.1)
    assert peer.aborted


def test_a_peer_that_reads_slowly_is_not_aborted() -> None:
    timeout, peer = SendTimeout(5), Peer(100)
    for now in range(0, 60, 4):
        peer.unread = 100 - now
        timeout.check([peer], now)
    assert not peer.aborted


def test_a_peer_for_whom_nothing_waits_is_not_aborted() -> None:
    timeout, peer = SendTimeout(5), Peer(None)
    for now in (0, 100):
        timeout.check([peer], now)
    assert not peer.aborted


def test_a_peer_that_has_read_everything_has_its_whole_time_again() -> None:
    timeout, peer = SendTimeout(5), Peer(100)
    for now, unread in ((0, 100), (4, None), (8, 100), (12, 100)):
        peer.unread = unread
        timeout.check([peer], now)
    assert not peer.aborted
    timeout.check([peer], 14)
    assert peer.aborted


def test_only_the_peer_that_reads_nothing_is_aborted() -> None:
    timeout, stuck, other = SendTimeout(5), Peer(0), Peer(None)
    for now in (0, 6):
        timeout.check([stuck, other], now)
    assert (stuck.aborted, other.aborted) == (True, False)
