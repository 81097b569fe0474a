"""What every journey does: sign in, look at a page on a wide and on a narrow screen, read a letter."""

import re
import time
from email import message_from_bytes, policy
from email.message import EmailMessage

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from devstack.paths import ROOT
from tests.browser.stack import RunningStack

ARTEFACTS = ROOT / "test-artifacts"
WIDTHS = (1280, 320)
HEIGHT = 900


def look(page: Page, name: str) -> None:
    """A screenshot on a wide and on a narrow screen, and no accessibility violation on either."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": HEIGHT})
        page.screenshot(path=ARTEFACTS / "journey" / f"{name}-{width}.png", full_page=True)
        overflow = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert overflow <= 0, f"{name} overflows by {overflow}px at {width}px"
        violations = Axe().run(page).response["violations"]
        assert not violations, f"{name} at {width}px: {[v['id'] for v in violations]}"
    page.set_viewport_size({"width": WIDTHS[0], "height": HEIGHT})


def sign_in(page: Page, stack: RunningStack, person: str) -> None:
    """As one of the demo people, from the first page."""
    page.context.clear_cookies()
    page.goto(stack.url)
    page.get_by_role("link", name="Se connecter").click()
    page.get_by_role("button", name=re.compile(person)).click()
    page.wait_for_url(f"{stack.url}/**")


def shown_by_and_by(page: Page, what: Locator) -> None:
    """Once the worker has done its part: the page is opened again until then, for a minute."""
    for _ in range(60):
        if what.is_visible():
            return
        page.wait_for_timeout(1_000)
        page.reload()
    expect(what).to_be_visible()


def letter_to(stack: RunningStack, address: str, *, about: str, give_up: float = 60) -> EmailMessage:
    """The letter that the worker sent there whose subject says `about`: in the demo each is a file."""
    deadline = time.monotonic() + give_up
    while time.monotonic() < deadline:
        for file in (stack.folder / "mail").glob("*.log"):
            letter = message_from_bytes(file.read_bytes(), policy=policy.default)
            if address in str(letter["To"]) and about in str(letter["Subject"]):
                return letter
        time.sleep(0.3)
    raise AssertionError(f"no letter to {address} about {about}:\n{stack.says()}")
