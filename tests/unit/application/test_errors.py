"""Refusals: their codes are part of the protocol, and all of them may be tried again."""

from typing import TypeVar

import pytest

from application import errors
from application.errors import Refusal
from domain.errors import BrokenRule

AnyError = TypeVar("AnyError", bound=Exception)

CODES: dict[type[Refusal], tuple[str, float]] = {
    Refusal: ("refused", 1.0),
    errors.Unavailable: ("unavailable", 1.0),
    errors.RateLimited: ("rate_limited", 1.0),
    errors.QueueIsFull: ("queue_is_full", 5.0),
    errors.TooManyRevocations: ("too_many_revocations", 60.0),
    errors.TooManySubscriptions: ("too_many_subscriptions", 5.0),
}
"""A line may be added, no code may change."""


def kinds_of(error: type[AnyError]) -> list[type[AnyError]]:
    return [error, *(kind for child in error.__subclasses__() for kind in kinds_of(child))]


@pytest.mark.parametrize("refusal", CODES, ids=lambda refusal: refusal.__name__)
def test_a_code_stays_what_clients_know_it_as(refusal: type[Refusal]) -> None:
    assert (refusal.code, refusal.retry_after) == CODES[refusal]


def test_every_refusal_of_the_application_stands_in_the_table_above() -> None:
    assert {it for it in kinds_of(Refusal) if it.__module__ == "application.errors"} == set(CODES)


def test_no_code_is_used_twice_not_even_by_a_broken_rule() -> None:
    codes = [it.code for it in kinds_of(Refusal)] + [it.code for it in kinds_of(BrokenRule)]

    assert len(set(codes)) == len(codes)


def test_a_refusal_carries_its_sentence() -> None:
    refused = errors.QueueIsFull("3 jobs are waiting already.")

    assert refused.detail == str(refused) == "3 jobs are waiting already."


def test_unavailable_needs_no_words_of_its_own() -> None:
    assert "can't reach its backend" in errors.Unavailable().detail
