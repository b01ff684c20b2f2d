"""Rooms on the page."""

import pytest
from playwright.sync_api import expect

from tests.integration.browser.browsing import REFUSED_REQUEST, Visitors, join, part, rows, say
from tests.integration.processes import Server

pytestmark = pytest.mark.browser


def test_a_room_shows_its_members_and_its_history(server: Server, visitors: Visitors) -> None:
    ann, bob = visitors.come(server.url).open(), visitors.come(server.url).open()
    join(ann, "tea & cake 🍰")
    say(ann, "rooms", "first words")
    expect(rows(ann, "rooms", "💬 first words")).to_have_count(1)
    join(bob, "tea & cake 🍰")
    expect(rows(bob, "rooms", "💬 first words")).to_have_count(1)
    for page in (ann, bob):
        expect(part(page, "rooms", "member-count")).to_contain_text("2 members")
        expect(part(page, "rooms", "members").locator("li")).to_have_count(2)
    say(bob, "rooms", "hello room")
    for page in (ann, bob):
        expect(rows(page, "rooms", "💬 hello room")).to_have_count(1)
    part(bob, "rooms", "leave").click()
    expect(rows(ann, "rooms", "👋 Someone left room 'tea & cake 🍰'")).to_have_count(1)
    expect(part(ann, "rooms", "member-count")).to_contain_text("1 member")
    visitors.check()


def test_nobody_can_talk_to_a_room_before_joining_one(server: Server, visitors: Visitors) -> None:
    page = visitors.come(server.url).open()
    for role in ("input", "send", "leave"):
        expect(part(page, "rooms", role)).to_be_disabled()
    join(page, "a door")
    for role in ("input", "send", "leave"):
        expect(part(page, "rooms", role)).to_be_enabled()
    part(page, "rooms", "leave").click()
    for role in ("input", "send", "leave"):
        expect(part(page, "rooms", role)).to_be_disabled()
    visitors.check()


def test_an_impossible_room_is_explained_and_not_tried_again(
    server: Server, visitors: Visitors
) -> None:
    page = visitors.come(server.url).open()
    part(page, "rooms", "room-name").fill("a/b")
    part(page, "rooms", "join").click()
    expect(part(page, "rooms", "state")).to_have_attribute("data-state", "stopped")
    expect(part(page, "rooms", "log")).to_contain_text("A room's name can't contain '/'.")
    visitors.check(excused=REFUSED_REQUEST)
