"""The button of applications on a page of another site, under a strict policy."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from playwright.sync_api import Page, expect

from tests.browser.looking import look
from tests.browser.stack import RunningStack

PAGE = """<!doctype html><html lang="fr"><head><title>Un service</title>
<link rel="stylesheet" href="{halle}/static/halle/applications.css"></head><body><main><h1>Un service</h1>
<div class="halle-applications" data-halle-applications data-operator="{operator}" data-insee="42137">
<a href="{halle}/mes-applications/">Mes applications</a></div></main>
<script defer src="{halle}/static/halle/applications.js"></script></body></html>"""


@contextmanager
def another_site(halle: str, operator: str):
    """A site that allows what Halle's documentation asks for, and nothing else."""
    page = PAGE.format(halle=halle, operator=operator).encode()

    class Site(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header(
                "Content-Security-Policy",
                f"default-src 'none'; script-src {halle}; style-src {halle}; connect-src {halle}",
            )
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def test_the_button_opens_by_keyboard_lists_what_the_commune_has_and_closes(page: Page, stack: RunningStack):
    refused = []
    page.on("console", lambda message: message.type == "error" and refused.append(message.text))
    with another_site(stack.url, "brumelle") as url:
        page.goto(url)
        button = page.get_by_role("button", name="Applications")
        button.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_text("Margerie-Chantagret")).to_be_visible()
        expect(page.locator(".halle-applications").get_by_role("link", name="Mémoire Longue")).to_be_visible()
        expect(page.get_by_role("link", name="Toutes mes applications")).to_be_visible()
        # The browser looks for an icon by itself; axe, below, for the style sheet, which no page may.
        assert [text for text in refused if "favicon" not in text] == []
        panel = page.locator(".halle-applications__panel").bounding_box()
        assert panel["x"] >= 0
        look(page, "applications-button")
        page.keyboard.press("Escape")
        expect(page.locator(".halle-applications__panel")).to_be_hidden()
        expect(button).to_be_focused()


def test_the_button_says_when_there_is_no_list(page: Page, stack: RunningStack):
    with another_site(stack.url, "personne") as url:
        page.goto(url)
        page.get_by_role("button", name="Applications").click()
        expect(page.get_by_text("ne peut pas être lue")).to_be_visible()
        expect(page.get_by_role("link", name="Toutes mes applications")).to_be_visible()
