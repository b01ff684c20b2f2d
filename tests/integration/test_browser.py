"""The page in a real browser: every capability, with nothing amiss in its console."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect, sync_playwright

from tests.integration.cable import Cable
from tests.integration.conftest import Service
from tests.integration.processes import Server

pytestmark = pytest.mark.browser

CHROMIUM = "/usr/bin/chromium"
WAIT_MS = 15_000
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LOST_CONNECTION = re.compile(r"^error: WebSocket connection to '\S+' failed")
REFUSED_REQUEST = re.compile(r"^error: Failed to load resource: .* 400 ")

# A violation of the Content-Security-Policy that no console line tells of is none the less one.
TELL_VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) =>
  console.error("CSP violation", event.violatedDirective, event.blockedURI));
"""
# The values that the progress bars of all jobs have had, one after another.
WATCH_PROGRESS = """
() => {
  window.progressSeen = [];
  const watch = new MutationObserver((changes) => {
    for (const { target } of changes) {
      if (target.localName === "progress") window.progressSeen.push(target.value);
    }
  });
  const jobs = document.querySelector("#panel-jobs [data-role=jobs]");
  watch.observe(jobs, { subtree: true, attributes: true, attributeFilter: ["value"] });
}
"""


class Visit:
    """Somebody with a browser of their own, and everything that goes wrong in it."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.url = url
        self.troubles: list[str] = []
        self.hosts: set[str] = set()
        self._context = browser.new_context()
        self._context.set_default_timeout(WAIT_MS)
        self._context.add_init_script(TELL_VIOLATIONS)

    def open(self, path: str = "/") -> Page:
        page = self._context.new_page()
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.troubles.append(f"error: {error}"))
        page.on("requestfailed", lambda request: self.troubles.append(f"failed: {request.url}"))
        page.on("request", lambda request: self._meet(request.url))
        page.on("websocket", lambda socket: self._meet(socket.url))
        page.goto(f"{self.url}{path}")
        return page

    def close(self) -> None:
        self._context.close()

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.troubles.append(f"{message.type}: {message.text}")

    def _meet(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "data":
            self.hosts.add(parts.netloc)


class Visitors:
    """Lets people in; afterwards nothing may have gone wrong for any of them."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._visits: list[Visit] = []

    def come(self, url: str) -> Visit:
        visit = Visit(self._browser, url)
        self._visits.append(visit)
        return visit

    def check(self, *, excused: re.Pattern[str] | None = None) -> None:
        for visit in self._visits:
            troubles = [t for t in visit.troubles if not (excused and excused.search(t))]
            assert troubles == []
            assert visit.hosts == {urlsplit(visit.url).netloc}

    def go(self) -> None:
        for visit in self._visits:
            visit.close()


def panel(page: Page, name: str) -> Locator:
    return page.locator(f"#panel-{name}")


def part(page: Page, name: str, role: str) -> Locator:
    return panel(page, name).locator(f"[data-role={role}]")


def rows(page: Page, name: str, text: str) -> Locator:
    """The lines of a panel's log that are just this text."""
    exactly = re.compile(f"^{re.escape(text)}$")
    return part(page, name, "log").locator(".text").filter(has_text=exactly)


def connected(page: Page, name: str) -> None:
    expect(part(page, name, "state")).to_have_attribute("data-state", "connected")


def say(page: Page, name: str, text: str) -> None:
    connected(page, name)
    part(page, name, "input").fill(text)
    part(page, name, "send").click()


def join(page: Page, room: str) -> None:
    part(page, "rooms", "room-name").fill(room)
    part(page, "rooms", "join").click()
    connected(page, "rooms")


def submit(page: Page, kind: str, content: str) -> Locator:
    """Returns the job's card: the newest comes first."""
    cards = part(page, "jobs", "jobs").locator("[data-job-id]")
    before = cards.count()
    part(page, "jobs", "kind").select_option(kind)
    say(page, "jobs", content)
    expect(cards).to_have_count(before + 1)
    job_id = cards.first.get_attribute("data-job-id")
    return panel(page, "jobs").locator(f'[data-job-id="{job_id}"]')


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = CHROMIUM if Path(CHROMIUM).exists() else shutil.which("chromium")
    if path is None:
        missing = "there is no Chromium: apt install chromium"
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("browsed"), JOB_PACE="0.05") as server:
        yield server
    server.check_log()


@pytest.fixture
def visitors(browser: Browser) -> Iterator[Visitors]:
    visitors = Visitors(browser)
    yield visitors
    visitors.go()


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
    for page in (ann, bob):
        row = part(page, "notifications", "log").locator(
            ".row", has=page.locator(".text", has_text="🔔 Notification: the build is green")
        )
        expect(row.locator(".tag")).to_have_text("user")
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


def test_an_impossible_room_is_explained_and_not_tried_again(
    server: Server, visitors: Visitors
) -> None:
    page = visitors.come(server.url).open()
    part(page, "rooms", "room-name").fill("a/b")
    part(page, "rooms", "join").click()
    expect(part(page, "rooms", "state")).to_have_attribute("data-state", "stopped")
    expect(part(page, "rooms", "log")).to_contain_text("A room's name can't contain '/'.")
    visitors.check(excused=REFUSED_REQUEST)


@pytest.mark.parametrize(
    ("kind", "content", "result", "progress"),
    [
        ("translate", "good morning", "'good morning' → 'buenos días'", [0.25, 0.75, 1]),
        ("analyze", "one <i>two</i>", "• Words: 2", [0.2, 0.5, 0.8, 1]),
        ("generate", "what to cook?", "🤖 AI Response to 'what to cook?':", None),
        ("default", "loud", "✅ Processed: LOUD", [0.5, 1]),
    ],
    ids=["translate", "analyze", "generate", "default"],
)
def test_a_job_of_each_kind_shows_its_progress_and_its_result(
    server: Server,
    visitors: Visitors,
    kind: str,
    content: str,
    result: str,
    progress: list[float] | None,
) -> None:
    page = visitors.come(server.url).open()
    connected(page, "jobs")
    page.evaluate(WATCH_PROGRESS)
    card = submit(page, kind, content)
    expect(card).to_have_attribute("data-status", "result")
    expect(card.locator("[data-role=output]")).to_contain_text(result)
    expect(card.locator("[data-role=cancel]")).to_be_hidden()
    expect(card).to_contain_text(content)
    seen = [value for value in page.evaluate("progressSeen") if value > 0]
    assert sorted(seen) == seen
    if progress is not None:
        assert sorted(set(seen)) == progress
    assert len(set(seen)) > 1
    visitors.check()


def test_a_running_job_is_cancelled_and_found_again_after_a_reload(
    slow_service: Service, visitors: Visitors
) -> None:
    page = visitors.come(slow_service.url).open()
    connected(page, "jobs")
    card = submit(page, "translate", "take your time")
    expect(card).to_have_attribute("data-status", "running")
    page.reload()
    expect(card).to_have_attribute("data-status", "running")
    expect(card).to_contain_text("take your time")
    card.locator("[data-role=cancel]").click()
    expect(card).to_have_attribute("data-status", "cancelled")
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
