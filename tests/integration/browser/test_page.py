"""The page in a real browser: what it says and hears, with nothing amiss in its console."""

import pytest
from playwright.sync_api import expect

from tests.integration.browser.browsing import (
    LOST_CONNECTION,
    Visitors,
    connected,
    join,
    part,
    rows,
    said_by,
    say,
)
from tests.integration.cable import Cable
from tests.integration.processes import Server

pytestmark = pytest.mark.browser


def test_two_people_chat_and_text_is_never_markup(server: Server, visitors: Visitors) -> None:
    ann, bob = visitors.come(server.url).open(), visitors.come(server.url).open()
    connected(bob, "chat")
    say(ann, "chat", "<b>x</b><img src=x onerror=alert(1)>")
    for page in (ann, bob):
        expect(rows(page, "chat", "💬 <b>x</b><img src=x onerror=alert(1)>")).to_have_count(1)
        expect(part(page, "chat", "log").locator("b, img")).to_have_count(0)
    expect(part(ann, "chat", "input")).to_have_value("")
    say(bob, "chat", "👋 hello")
    expect(rows(ann, "chat", "💬 👋 hello")).to_have_count(1)
    visitors.check()


def test_every_socket_connects_and_the_header_shows_it(server: Server, visitors: Visitors) -> None:
    page = visitors.come(server.url).open()
    stations = page.locator("[data-socket]")
    expect(stations).not_to_have_count(0)
    for station in stations.all():
        if station.get_attribute("data-socket") != "rooms":  # nobody has entered one
            expect(station).to_have_attribute("data-state", "connected")
    say(page, "system", "anybody there?")
    expect(rows(page, "system", "🔧 System Echo: anybody there?")).to_have_count(1)
    visitors.check()


def test_reliable_chat_misses_nothing_while_the_connection_is_gone(
    server: Server, visitors: Visitors
) -> None:
    with Cable(server.port) as cable:
        ann, bob = visitors.come(cable.url).open(), visitors.come(server.url).open()
        connected(bob, "reliable")
        say(ann, "reliable", "before")
        expect(rows(bob, "reliable", "📨 before")).to_have_count(1)
        expect(rows(ann, "reliable", "📨 before")).to_have_count(1)
        cable.pull()
        expect(part(ann, "reliable", "state")).not_to_have_attribute("data-state", "connected")
        say(bob, "reliable", "while you were out")
        say(bob, "reliable", "and again")
        expect(rows(bob, "reliable", "📨 and again")).to_have_count(1)
        cable.plug()
        connected(ann, "reliable")
        say(bob, "reliable", "after")
        for text in ("before", "while you were out", "and again", "after"):
            expect(rows(ann, "reliable", f"📨 {text}")).to_have_count(1)
        expect(part(ann, "reliable", "log").locator('[data-kind="recovered"]')).to_have_count(1)
        said = part(ann, "reliable", "log").locator(".text").filter(has_text="📨")
        assert said.all_inner_texts()[-4:] == [
            "📨 before",
            "📨 while you were out",
            "📨 and again",
            "📨 after",
        ]
        visitors.check(excused=LOST_CONNECTION)


def test_notifications_are_heard_with_their_kind(server: Server, visitors: Visitors) -> None:
    ann, bob = visitors.come(server.url).open(), visitors.come(server.url).open()
    connected(bob, "notifications")
    say(ann, "notifications", "the build is green")
    part(ann, "announcements", "channel").select_option("notifications")
    part(ann, "announcements", "input").fill("maintenance at noon")
    part(ann, "announcements", "send").click()
    for page in (ann, bob):
        said_by(page, "notifications", "Someone", "🔔 Notification: the build is green")
        row = part(page, "notifications", "log").locator(".row").filter(has_text="maintenance")
        expect(row.locator(".tag")).to_have_text("system")
    visitors.check()


def test_the_tally_counts_what_anybody_records(server: Server, visitors: Visitors) -> None:
    ann, bob = visitors.come(server.url).open(), visitors.come(server.url).open()
    connected(bob, "analytics")
    part(ann, "analytics", "data").fill('{"plan": "pro"}')
    for page in (ann, bob, ann):
        say(page, "analytics", "signup")
    say(bob, "analytics", "logout")
    for page in (ann, bob):
        tally = part(page, "analytics", "tally")
        expect(tally.locator('[data-event="signup"] .amount')).to_have_text("3")
        expect(tally.locator('[data-event="logout"] .amount')).to_have_text("1")
        expect(part(page, "analytics", "total")).to_have_text("4")
        shown = part(page, "analytics", "log").locator("code").first
        expect(shown).to_have_text('{"plan":"pro"}')
    # Whoever comes later sees the same tally.
    late = visitors.come(server.url).open()
    amount = part(late, "analytics", "tally").locator('[data-event="signup"] .amount')
    expect(amount).to_have_text("3")
    visitors.check()


def test_an_announcement_reaches_everybody_on_its_channel(
    server: Server, visitors: Visitors
) -> None:
    ann, bob = visitors.come(server.url).open(), visitors.come(server.url).open()
    names = (
        part(ann, "announcements", "channel")
        .locator("option")
        .evaluate_all("options => options.map(option => option.value)")
    )
    for name in set(names) - {"analytics", "room"}:
        connected(bob, name)
        part(ann, "announcements", "channel").select_option(name)
        part(ann, "announcements", "input").fill(f"<u>to {name}</u>")
        part(ann, "announcements", "send").click()
        expect(rows(bob, name, f"<u>to {name}</u>")).to_have_count(1)
        expect(part(ann, "announcements", "input")).to_have_value("")
    join(bob, "announced")
    part(ann, "announcements", "channel").select_option("room")
    part(ann, "announcements", "room-name").fill("announced")
    part(ann, "announcements", "input").fill("to the room")
    part(ann, "announcements", "send").click()
    expect(rows(bob, "rooms", "to the room")).to_have_count(1)
    visitors.check()


@pytest.mark.parametrize(
    ("path", "text"),
    [("/asyncapi", "room_chat"), ("/docs", "/api/announcements")],
    ids=["asyncapi", "openapi"],
)
def test_a_document_is_rendered_with_nothing_from_elsewhere(
    server: Server, visitors: Visitors, path: str, text: str
) -> None:
    page = visitors.come(server.url).open(path)
    expect(page.get_by_text(text).first).to_be_visible()
    visitors.check()
