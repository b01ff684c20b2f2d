"""Who somebody is on the page by a token: signed in, renewed, expired, revoked."""

import httpx2
import pytest
from playwright.sync_api import Page, expect

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


def sign_in(page: Page, token: str) -> None:
    if identity(page, "sign-in").get_attribute("open") is None:
        identity(page, "summary").click()
    identity(page, "token").fill(token)
    identity(page, "use-token").click()


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
    expect(identity(page, "signed-in")).to_be_hidden()
    expect(identity(page, "summary")).to_have_text("Sign in")
    expect(part(page, "reliable", "state")).to_have_attribute("data-state", "stopped")
    # It can't come back by it, either.
    part(page, "reliable", "toggle").click()
    expect(identity(page, "token-refusal")).to_contain_text("revoked")
    expect(part(page, "reliable", "state")).to_have_attribute("data-state", "stopped")
    visitors.check()
