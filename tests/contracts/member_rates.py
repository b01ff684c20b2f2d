"""What rates of members promise: see `application.member_rates.MemberRates`."""

import pytest

from adapters.buckets import Rate
from application.member_rates import MemberRates
from domain.identity import MemberId

FRAMES = Rate(per_second=0.01, burst=20)
BYTES = Rate(per_second=10, burst=1_000)
"""The rates of the fixture `rates`: so slow that no test lives to see a frame more."""

ADA, BOB = MemberId("ada"), MemberId("bob")


class MemberRatesContract:
    """Takes the fixture `rates` (`MemberRates`), of which nothing is spent."""

    async def test_a_burst_of_frames_is_fine_and_no_frame_more(self, rates: MemberRates) -> None:
        assert [rates.spend(ADA, 1, 1) for _ in range(20)] == [0.0] * 20
        assert rates.spend(ADA, 1, 1) == pytest.approx(100, rel=0.1)

    async def test_bytes_count_beside_frames(self, rates: MemberRates) -> None:
        assert rates.spend(ADA, 1, 990) == 0
        assert rates.spend(ADA, 1, 500) == pytest.approx(49, rel=0.1)

    async def test_what_is_refused_counts_for_nothing(self, rates: MemberRates) -> None:
        rates.spend(ADA, 1, 900)
        for _ in range(50):
            assert rates.spend(ADA, 1, 900) > 0
        assert [rates.spend(ADA, 1, 1) for _ in range(19)] == [0.0] * 19

    async def test_members_have_rates_of_their_own(self, rates: MemberRates) -> None:
        rates.spend(ADA, 20, 20)
        assert rates.spend(ADA, 1, 1) > 0
        assert rates.spend(BOB, 20, 20) == 0

    async def test_what_was_handled_already_counts_even_if_it_is_too_much(
        self, rates: MemberRates
    ) -> None:
        rates.owe(ADA, 15, 15)
        assert rates.spend(ADA, 5, 5) == 0
        rates.owe(ADA, 10, 10)
        assert rates.spend(ADA, 1, 1) == pytest.approx(1_100, rel=0.1)
        assert rates.spend(BOB, 20, 20) == 0
