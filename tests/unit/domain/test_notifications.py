"""Notifications."""

from domain import notifications
from domain.events import NoticeKind, NoticeRaised
from domain.identity import MessageText

TEXT = MessageText("Lunch is ready")


def test_a_users_notice_says_that_it_is_a_users() -> None:
    assert notifications.from_user(TEXT) == NoticeRaised(NoticeKind.USER, TEXT)


def test_the_services_notices_are_system_or_periodic() -> None:
    assert notifications.from_service(TEXT, periodic=False).kind is NoticeKind.SYSTEM
    assert notifications.from_service(TEXT, periodic=True).kind is NoticeKind.PERIODIC
