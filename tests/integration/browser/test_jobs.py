"""Jobs on the page."""

import pytest
from playwright.sync_api import expect

from tests.integration.browser.browsing import WATCH_PROGRESS, Visitors, connected, submit
from tests.integration.conftest import Service
from tests.integration.processes import Server

pytestmark = pytest.mark.browser


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
