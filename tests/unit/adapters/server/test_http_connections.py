from adapters.server.http_connections import HttpConnections


class Stranger:
    def __init__(self) -> None:
        self.was_turned_away = False

    def turn_away(self) -> None:
        self.was_turned_away = True


def strangers(connections: HttpConnections, count: int) -> list[Stranger]:
    found = [Stranger() for _ in range(count)]
    for each in found:
        connections.add(each)
    return found


def turned_away(found: list[Stranger]) -> list[bool]:
    return [each.was_turned_away for each in found]


def test_one_too_many_ends_the_one_that_has_been_waited_for_longest() -> None:
    assert turned_away(strangers(HttpConnections(2), 4)) == [True, True, False, False]


def test_whoever_serve_does_not_make_room() -> None:
    connections = HttpConnections(2)
    served, other = strangers(connections, 2)
    connections.serve(served)
    (newcomer,) = strangers(connections, 1)
    assert turned_away([served, other, newcomer]) == [False, True, False]


def test_whoever_was_served_wait_for_from_then_on() -> None:
    connections = HttpConnections(2)
    first, second = strangers(connections, 2)
    connections.serve(first)
    connections.wait_for(first)
    strangers(connections, 1)
    assert turned_away([first, second]) == [False, True]


def test_while_all_are_served_the_newcomer_is_turned_away() -> None:
    connections = HttpConnections(2)
    served = strangers(connections, 2)
    for each in served:
        connections.serve(each)
    (newcomer,) = strangers(connections, 1)
    assert newcomer.was_turned_away
    assert turned_away(served) == [False, False]


def test_whoever_is_gone_leaves_its_room() -> None:
    connections = HttpConnections(1)
    (gone,) = strangers(connections, 1)
    connections.discard(gone)
    connections.wait_for(gone)
    assert turned_away([gone, *strangers(connections, 1)]) == [False, False]
