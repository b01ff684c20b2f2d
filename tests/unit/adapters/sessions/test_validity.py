"""For how long a session is believed, and what its client hears of that."""

from adapters.sessions.disconnects import EXPIRED, NOT_AUTHENTICATED
from adapters.sessions.validity import NOTICE_SECONDS, Moment, Validity
from domain.identity import OPERATOR
from tests.unit.adapters.sessions.visit import Visit
from tests.waiting import eventually

UNTIL = 1_000.0
GRACE = 25.0


def of_token() -> Validity:
    return Validity(UNTIL, EXPIRED, GRACE, notice=True)


def test_the_notice_comes_once_a_minute_before() -> None:
    validity = of_token()
    moments = [validity.at(UNTIL - NOTICE_SECONDS + seconds) for seconds in (-1, 1, 2, 59)]
    assert moments == [Moment.FINE, Moment.NOTICE, Moment.FINE, Moment.FINE]


def test_it_is_over_only_after_the_grace() -> None:
    validity = of_token()
    assert validity.at(UNTIL + GRACE - 1) is Moment.NOTICE
    assert validity.at(UNTIL + GRACE) is Moment.FINE
    assert validity.at(UNTIL + GRACE + 1) is Moment.OVER


def test_without_a_notice_it_just_ends() -> None:
    validity = Validity(UNTIL, NOT_AUTHENTICATED)
    assert [validity.at(UNTIL - 1), validity.at(UNTIL + 1)] == [Moment.FINE, Moment.OVER]


async def test_a_client_is_told_that_its_token_expires_and_then_that_it_has() -> None:
    visit = Visit()
    visit.session.begin()
    visit.session.authenticate(OPERATOR, of_token())

    visit.session.check(UNTIL - 40)
    assert visit.payloads == [{"expires_in_ms": 40_000}]
    visit.session.check(UNTIL + GRACE - 1)
    assert len(visit.payloads) == 1

    visit.session.check(UNTIL + GRACE + 1)
    await eventually(lambda: visit.wire.closed is not None)
    told = {"code": 4401, "reason": "token_expired", "reconnect": True, "after_ms": 0}
    assert visit.payloads[1:] == [told]


async def test_a_newer_token_takes_the_place_of_the_one_before() -> None:
    visit = Visit()
    visit.session.begin()
    visit.session.authenticate(OPERATOR, of_token())
    visit.session.authenticate(OPERATOR, Validity(UNTIL + 500, EXPIRED, notice=True))

    visit.session.check(UNTIL + GRACE + 1)
    assert visit.payloads == []
    visit.session.check(UNTIL + 450)
    assert visit.payloads == [{"expires_in_ms": 50_000}]
