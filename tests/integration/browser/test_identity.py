"""Who somebody is on the page: by a name, or by a token."""

import json

import httpx2
import pytest
from playwright.sync_api import Locator, Page, WebSocketRoute, expect

from tests.integration.browser.browsing import (
    Visitors,
    connected,
    identity,
    join,
    part,
    rows,
    said_by,
    say,
)
from tests.integration.conftest import Serve
from tests.integration.processes import Server

pytestmark = pytest.mark.browser

API_KEY = "sesame-for-the-tests"
AUTH = {
    "SWITCHBOARD_AUTH_SECRET": "a secret of at least thirty-two bytes",
    "SWITCHBOARD_AUTH_GRACE": "0",
    "SWITCHBOARD_API_KEYS": API_KEY,
}


@pytest.fixture(scope="module")
def guarded(serve: Serve) -> Server:
    """Nobody gets in without a token."""
    return serve(SWITCHBOARD_AUTH="jwt", **AUTH)


@pytest.fixture(scope="module")
def open_to_both(serve: Serve) -> Server:
    return serve(SWITCHBOARD_AUTH="anonymous,jwt", **AUTH)


def mint(server: Server, member: str, name: str, seconds: float = 600) -> str:
    answer = httpx2.post(
        f"{server.url}/api/tokens",
        json={"sub": member, "info": {"name": name}, "expires_in": seconds},
        headers={"Authorization": f"Bearer {API_KEY}"},
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])


def choose_name(page: Page, name: str) -> None:
    identity(page, "name").fill(name)
    identity(page, "name").press("Enter")


def sign_in(page: Page, token: str) -> None:
    if identity(page, "sign-in").get_attribute("open") is None:
        identity(page, "summary").click()
    identity(page, "token").fill(token)
    identity(page, "use-token").click()


def is_own(row: Locator) -> None:
    """It is told apart by more than a colour: by its side, and by a word."""
    expect(row).to_have_attribute("data-own", "")
    expect(row.locator(".you")).to_have_text("you")
    expect(row).to_have_css("align-items", "flex-end")


def is_anothers(row: Locator) -> None:
    expect(row).not_to_have_attribute("data-own", "")
    expect(row.locator(".you")).to_have_count(0)
    expect(row).to_have_css("align-items", "flex-start")


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


def test_a_server_that_wants_a_token_is_said_so_and_let_in_with_one(
    guarded: Server, visitors: Visitors
) -> None:
    page = visitors.come(guarded.url).open()
    expect(identity(page, "note")).to_have_text("This server wants a token.")
    expect(identity(page, "token")).to_be_visible()
    for name in ("chat", "jobs"):
        expect(part(page, name, "state")).to_have_attribute("data-state", "stopped")
    sign_in(page, "eyJhbGciOiJIUzI1NiJ9.e30.wrong")
    expect(identity(page, "token-refusal")).to_contain_text("token")
    expect(identity(page, "token")).to_have_value("")
    sign_in(page, mint(guarded, "ann", "Ann of the token"))
    expect(identity(page, "summary")).to_have_text("Signed in")
    expect(identity(page, "token")).to_be_hidden()
    expect(identity(page, "note")).to_be_hidden()
    expect(identity(page, "name")).to_be_disabled()
    expect(identity(page, "name")).to_have_value("Ann of the token")
    say(page, "chat", "let me in")
    is_own(said_by(page, "chat", "Ann of the token", "💬 let me in"))
    # The API takes the same token.
    join(page, "guarded")
    say(page, "rooms", "in here, too")
    bob = visitors.come(guarded.url).open()
    sign_in(bob, mint(guarded, "bob", "Bob"))
    join(bob, "guarded")
    is_anothers(said_by(bob, "rooms", "Ann of the token", "💬 in here, too"))
    part(bob, "announcements", "input").fill("from Bob's page")
    part(bob, "announcements", "send").click()
    expect(rows(page, "chat", "from Bob's page")).to_have_count(1)
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


def test_a_token_is_kept_nowhere(open_to_both: Server, visitors: Visitors) -> None:
    page = visitors.come(open_to_both.url).open()
    connected(page, "chat")
    choose_name(page, "Ann")
    token = mint(open_to_both, "ann", "Ann of the token")
    sign_in(page, token)
    expect(identity(page, "summary")).to_have_text("Signed in")
    kept = page.evaluate(
        "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])"
    )
    assert "Ann" in kept  # the name is
    for place in (kept, page.url, page.content()):
        assert token.rpartition(".")[2] not in place
    expect(identity(page, "token")).to_have_value("")
    page.reload()
    expect(identity(page, "summary")).to_have_text("Sign in")
    expect(identity(page, "name")).to_have_value("Ann")
    visitors.check()


def test_signing_out_goes_on_under_the_name_from_before(
    open_to_both: Server, visitors: Visitors
) -> None:
    page = visitors.come(open_to_both.url).open()
    connected(page, "chat")
    choose_name(page, "Ann")
    sign_in(page, mint(open_to_both, "ann", "Ann of the token"))
    say(page, "chat", "with it")
    said_by(page, "chat", "Ann of the token", "💬 with it")
    identity(page, "summary").click()
    identity(page, "sign-out").click()
    expect(identity(page, "summary")).to_have_text("Sign in")
    expect(identity(page, "name")).to_be_enabled()
    said = rows(page, "chat", "💬 without it")
    connected(page, "chat")
    say(page, "chat", "without it")
    expect(said).to_have_count(1)
    is_own(said_by(page, "chat", "Ann", "💬 without it"))
    visitors.check()


def test_another_members_token_is_refused_and_the_first_one_still_holds(
    guarded: Server, visitors: Visitors
) -> None:
    page = visitors.come(guarded.url).open()
    sign_in(page, mint(guarded, "ann", "Ann"))
    connected(page, "chat")
    expect(identity(page, "summary")).to_have_text("Signed in")
    sign_in(page, mint(guarded, "bob", "Bob"))
    expect(identity(page, "token-refusal")).to_contain_text("another member's")
    say(page, "chat", "still me")
    is_own(said_by(page, "chat", "Ann", "💬 still me"))
    visitors.check()


def test_the_page_says_that_a_token_expires_and_goes_on_with_a_newer_one(
    guarded: Server, visitors: Visitors
) -> None:
    page = visitors.come(guarded.url).open()
    sign_in(page, mint(guarded, "ann", "Ann", seconds=55))
    expect(identity(page, "note")).to_contain_text("expires soon")
    sign_in(page, mint(guarded, "ann", "Ann", seconds=600))
    expect(identity(page, "note")).to_be_hidden()
    say(page, "chat", "and on it goes")
    is_own(said_by(page, "chat", "Ann", "💬 and on it goes"))
    visitors.check()


def test_a_token_that_has_expired_stops_the_page_until_there_is_another(
    guarded: Server, visitors: Visitors
) -> None:
    page = visitors.come(guarded.url).open()
    sign_in(page, mint(guarded, "ann", "Ann", seconds=4))
    expect(identity(page, "note")).to_have_text("Your token has expired.")
    for name in ("chat", "reliable"):
        expect(part(page, name, "state")).to_have_attribute("data-state", "stopped")
        expect(part(page, name, "log")).to_contain_text("your token has expired")
    sign_in(page, mint(guarded, "ann", "Ann"))
    say(page, "chat", "back again")
    is_own(said_by(page, "chat", "Ann", "💬 back again"))
    visitors.check()


def test_a_revoked_token_stops_the_page_and_is_said_to_be_revoked(
    guarded: Server, visitors: Visitors
) -> None:
    page = visitors.come(guarded.url).open()
    sign_in(page, mint(guarded, "eve", "Eve"))
    connected(page, "reliable")
    answer = httpx2.post(
        f"{guarded.url}/api/revocations",
        json={"targets": ["sub:eve"]},
        headers={"Authorization": f"Bearer {API_KEY}"},
    )
    assert answer.status_code == 202, answer.text
    expect(identity(page, "note")).to_have_text("Your token was revoked.")
    expect(part(page, "reliable", "state")).to_have_attribute("data-state", "stopped")
    # It can't come back by it, either.
    part(page, "reliable", "toggle").click()
    expect(identity(page, "token-refusal")).to_contain_text("revoked")
    expect(part(page, "reliable", "state")).to_have_attribute("data-state", "stopped")
    visitors.check()
