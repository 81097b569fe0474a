"""One `make run` and one browser for all the journeys of a test session."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.stack import RunningStack, running_stack

CHROMIUM = shutil.which("chromium")
PATIENCE = 15_000  # milliseconds: other tests may have the machine

expect.set_options(timeout=PATIENCE)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The walk comes first: it reads the demo as it was made, which journeys change."""
    items.sort(key=lambda item: "browser/test_every_page.py" not in item.nodeid)


@pytest.fixture(scope="session")
def stack() -> Iterator[RunningStack]:
    if CHROMIUM is None:
        why = "Chromium is not installed (Debian: apt install chromium)"
        pytest.fail(why) if os.environ.get("CI") else pytest.skip(why)
    with running_stack() as started:
        yield started


@pytest.fixture(scope="module")
def browser(stack: RunningStack) -> Iterator[Browser]:
    """Closed before another module: beside Playwright's loop, Django would refuse its database."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            # Two browsers at once do not fit in the shared memory of a small machine: no screenshot then.
            args=["--no-sandbox", "--disable-background-networking", "--disable-dev-shm-usage"],
        )
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A person's browser: her cookies are nobody else's."""
    with_cookies = browser.new_context(viewport={"width": 1280, "height": 900}, locale="fr-FR")
    page = with_cookies.new_page()
    page.set_default_timeout(PATIENCE)
    yield page
    with_cookies.close()
