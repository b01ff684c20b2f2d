"""Somebody with a browser of their own, and what is done on the page."""

import re
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect

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
    return part(page, name, "log").locator(".text").filter(has_text=_exactly(text))


def _exactly(text: str) -> re.Pattern[str]:
    return re.compile(f"^{re.escape(text)}$")


def said_by(page: Page, name: str, member: str, text: str) -> Locator:
    """The one row of a panel's log by which this member says just this text."""
    told = page.locator(".text", has_text=_exactly(text))
    by = page.locator(".name", has_text=_exactly(member))
    row = part(page, name, "log").locator(".row").filter(has=told).filter(has=by)
    expect(row).to_have_count(1)
    return row


def identity(page: Page, role: str) -> Locator:
    """A part of the header's form for who one is."""
    return page.locator(f"#identity [data-role={role}]")


def choose_name(page: Page, name: str) -> None:
    identity(page, "name").fill(name)
    identity(page, "name").press("Enter")


def connected(page: Page, name: str) -> None:
    expect(part(page, name, "state")).to_have_attribute("data-state", "connected")


def say(page: Page, name: str, text: str) -> None:
    connected(page, name)
    part(page, name, "input").fill(text)
    part(page, name, "send").click()


def is_own(row: Locator) -> None:
    """It is told apart by more than a colour: by its side, and by a word."""
    expect(row).to_have_attribute("data-own", "")
    expect(row.locator(".you")).to_have_text("you")
    expect(row).to_have_css("align-items", "flex-end")


def is_anothers(row: Locator) -> None:
    expect(row).not_to_have_attribute("data-own", "")
    expect(row.locator(".you")).to_have_count(0)
    expect(row).to_have_css("align-items", "flex-start")


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
