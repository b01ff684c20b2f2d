"""Notifications: notices raised by users, by the service, or by the clock."""

from domain.events import NoticeKind, NoticeRaised
from domain.identity import MessageText


def from_user(text: MessageText) -> NoticeRaised:
    return NoticeRaised(NoticeKind.USER, text)


def from_service(text: MessageText, *, periodic: bool) -> NoticeRaised:
    return NoticeRaised(NoticeKind.PERIODIC if periodic else NoticeKind.SYSTEM, text)
