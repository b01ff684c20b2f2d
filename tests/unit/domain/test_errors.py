"""Codes that clients branch on: unique, and never renamed."""

import pytest

from domain import errors
from domain.errors import BrokenRule

CODES = {
    BrokenRule: "broken_rule",
    errors.TextIsEmpty: "text_is_empty",
    errors.TextIsTooLong: "text_is_too_long",
    errors.TextIsNotUnicode: "text_is_not_unicode",
    errors.IdempotencyKeyIsImpossible: "send_key_is_impossible",
    errors.RoomNameIsImpossible: "room_name_is_impossible",
    errors.RoomIsFull: "room_is_full",
    errors.EventIsImpossible: "event_is_impossible",
    errors.ChannelIsUnknown: "channel_is_unknown",
    errors.JobIsUnknown: "job_is_unknown",
    errors.JobIsNotYours: "job_is_not_yours",
    errors.JobIsOver: "job_is_over",
    errors.JobIsNotRunning: "job_is_not_running",
    errors.JobTakesNoInput: "job_takes_no_input",
    errors.JobInputIsFull: "job_input_is_full",
    errors.TransitionIsImpossible: "transition_is_impossible",
    errors.MemberNameIsImpossible: "member_name_is_impossible",
    errors.CapabilitiesAreImpossible: "capabilities_are_impossible",
    errors.RevocationIsImpossible: "revocation_is_impossible",
    errors.NotAuthenticated: "not_authenticated",
    errors.TokenIsInvalid: "token_invalid",
    errors.TokenIsExpired: "token_expired",
    errors.TokenIsRevoked: "token_revoked",
    errors.TokenIsImpossible: "token_is_impossible",
    errors.MintingIsOff: "minting_is_off",
    errors.MemberChanged: "member_changed",
    errors.NotAllowed: "not_allowed",
}
"""Part of the protocol: a line may be added, none may change."""


def rules(of: type[BrokenRule] = BrokenRule) -> list[type[BrokenRule]]:
    return [of, *(rule for child in of.__subclasses__() for rule in rules(child))]


@pytest.mark.parametrize("rule", CODES, ids=lambda rule: rule.__name__)
def test_a_code_stays_what_clients_know_it_as(rule: type[BrokenRule]) -> None:
    assert rule.code == CODES[rule]


def test_every_rule_of_the_domain_stands_in_the_table_above() -> None:
    assert {rule for rule in rules() if rule.__module__ == "domain.errors"} == set(CODES)


def test_no_two_rules_share_a_code() -> None:
    codes = [rule.code for rule in rules()]

    assert len(set(codes)) == len(codes)


def test_a_broken_rule_carries_its_sentence() -> None:
    broken = errors.RoomIsFull("This room is full.")

    assert broken.detail == str(broken) == "This room is full."
