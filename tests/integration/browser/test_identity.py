"""Who says what on the page: names, and what is one's own."""

import json

import httpx2
import pytest
from playwright.sync_api import WebSocketRoute, expect

from tests.integration.browser.browsing import (
    Visitors,
    choose_name,
    connected,
    identity,
    is_anothers,
    is_own,
    join,
    part,
    rows,
    said_by,
    say,
)
from tests.integration.processes import Server

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("chat", "💬 hello"),
        ("reliable", "📨 hello"),
        ("notifications", "🔔 Notification: hello"),
        ("analytics", "📊 Analytics: hello"),
        ("rooms", "💬 hello"),
    ],
    ids=["chat", "reliable", "notifications", "analytics", "rooms"],
)
def test_two_people_see_who_says_what_and_what_is_their_own(
    server: Server, visitors: Visitors, name: str, text: str
) -> None:
    ann, bob = visitors.come(server.url).open(), visitors.come(server.url).open()
    choose_name(ann, "Ann")
    choose_name(bob, "Bob <b>B</b>")
    if name == "rooms":
        for page in (ann, bob):
            join(page, "names")
    connected(bob, name)
    say(ann, name, "hello")
    is_own(said_by(ann, name, "Ann", text))
    is_anothers(said_by(bob, name, "Ann", text))
    say(bob, name, "hello")
    is_own(said_by(bob, name, "Bob <b>B</b>", text))
    is_anothers(said_by(ann, name, "Bob <b>B</b>", text))
    expect(part(ann, name, "log").locator("b")).to_have_count(0)
    visitors.check()


def test_a_message_has_the_time_at_which_the_server_took_it(
    server: Server, visitors: Visitors
) -> None:
    ann = visitors.come(server.url).open()
    join(ann, "clocks")
    say(ann, "rooms", "what time is it?")
    row = part(ann, "rooms", "log").locator(".row").filter(has_text="what time is it?")
    told = row.locator("time")
    answer = httpx2.get(f"{server.url}/api/rooms/clocks/history").json()
    at = int(answer["messages"][-1]["at"])
    assert told.evaluate("time => Date.parse(time.dateTime)") == at
    assert told.get_attribute("title")
    # Whoever comes later is told the same, once.
    bob = visitors.come(server.url).open()
    join(bob, "clocks")
    expect(rows(bob, "rooms", "💬 what time is it?")).to_have_count(1)
    later = part(bob, "rooms", "log").locator(".row").filter(has_text="what time is it?")
    assert later.locator("time").evaluate("time => Date.parse(time.dateTime)") == at
    visitors.check()


def test_a_message_that_comes_twice_is_shown_once(server: Server, visitors: Visitors) -> None:
    """As after a position that the server no longer knows: what is left of the history follows."""
    page = visitors.come(server.url).open()

    def tell(socket: WebSocketRoute) -> None:
        for message_id, text in (("m-1", "📨 twice"), ("m-1", "📨 twice"), ("m-2", "📨 once")):
            frame = {
                "action": "reliable_chat_notification",
                "id": message_id,
                "payload": {"message": text},
            }
            socket.send(json.dumps(frame))

    # Once the page has said who it is, it can hear.
    def serve(socket: WebSocketRoute) -> None:
        socket.on_message(lambda _: tell(socket))

    page.route_web_socket("**/ws/reliable", serve)
    page.reload()
    expect(rows(page, "reliable", "📨 once")).to_have_count(1)
    expect(rows(page, "reliable", "📨 twice")).to_have_count(1)
    visitors.check()


def test_a_name_is_remembered_and_an_impossible_one_is_refused_beside_its_field(
    server: Server, visitors: Visitors
) -> None:
    visit = visitors.come(server.url)
    page = visit.open()
    connected(page, "chat")
    choose_name(page, "Ann")
    say(page, "chat", "before")
    said_by(page, "chat", "Ann", "💬 before")
    page.reload()
    expect(identity(page, "name")).to_have_value("Ann")
    connected(page, "chat")
    choose_name(page, "A\u202enn")
    expect(identity(page, "name-refusal")).to_contain_text("A name has no invisible characters")
    say(page, "chat", "after")
    said_by(page, "chat", "Ann", "💬 after")
    choose_name(page, "")
    expect(identity(page, "name-refusal")).to_be_hidden()
    say(page, "chat", "nameless")
    is_own(said_by(page, "chat", "Someone", "💬 nameless"))
    visitors.check()


def test_a_new_name_is_used_without_a_new_connection(server: Server, visitors: Visitors) -> None:
    ann, bob = visitors.come(server.url).open(), visitors.come(server.url).open()
    join(ann, "renaming")
    join(bob, "renaming")
    choose_name(ann, "Ann")
    say(ann, "rooms", "one")
    said_by(bob, "rooms", "Ann", "💬 one")
    choose_name(ann, "Anna")
    expect(part(ann, "rooms", "members")).to_contain_text("Anna")
    say(ann, "rooms", "two")
    said_by(bob, "rooms", "Anna", "💬 two")
    said_by(bob, "rooms", "Ann", "💬 one")  # as it was when it was said
    left = part(bob, "rooms", "log").locator(".text").filter(has_text="left room")
    expect(left).to_have_count(0)
    visitors.check()


def test_whoever_came_before_its_name_was_known_is_told_by_it_afterwards(
    server: Server, visitors: Visitors
) -> None:
    ann = visitors.come(server.url).open()
    join(ann, "before the name")
    came = rows(ann, "chat", "📢 Ann joined the chat")
    expect(came).to_have_count(0)
    choose_name(ann, "Ann")
    expect(came).to_have_count(1)
    bob = visitors.come(server.url).open()
    join(bob, "before the name")
    choose_name(bob, "Bob")
    expect(rows(ann, "rooms", "🚪 Someone joined room 'before the name'")).to_have_count(1)
    say(bob, "rooms", "here I am")
    said_by(ann, "rooms", "Bob", "💬 here I am")
    expect(rows(ann, "rooms", "🚪 Bob joined room 'before the name'")).to_have_count(1)
    # That somebody came is nothing that it said.
    expect(rows(ann, "notifications", "🔔 Connected to notifications!").first).to_be_visible()
    expect(part(ann, "notifications", "log").locator(".speaker")).to_have_count(0)
    visitors.check()
