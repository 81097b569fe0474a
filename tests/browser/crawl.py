"""Walking the site as a person does: from the first page, by the links she sees."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urldefrag, urlsplit

from axe_playwright_python.sync_playwright import Axe
from django.urls import Resolver404, resolve
from playwright.sync_api import Page

from tests.browser.looking import HEIGHT, WIDTHS

# Trees of libraries, which look after their own pages, and the demo's style guide.
NOT_OURS = ("/admin/", "/cms/", "/styleguide/", "/static/")

# A page by itself, or one that was fetched: `page` and its address.
LINKS = """(page, address) => [
    ...Array.from(page.querySelectorAll("a[href]:not([download])"), (a) => a.getAttribute("href")),
    // A form that asks leads further too: here with its first two boxes ticked.
    ...Array.from(page.querySelectorAll("form[method=get]"), (form) => {
        const asked = new URLSearchParams(new FormData(form));
        const boxes = Array.from(form.elements).filter((one) => one.type === "checkbox" && !one.checked);
        boxes.slice(0, 2).forEach((box) => asked.append(box.name, box.value));
        const url = new URL(form.getAttribute("action") || "", address);
        url.search = asked;
        return url.href;
    }),
].filter((link) => URL.canParse(link, address)).map((link) => new URL(link, address).href)"""
FACTS = f"""() => ({{
    h1: Array.from(document.querySelectorAll("h1"), (h) => h.textContent.trim()),
    title: document.title.trim(),
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    links: ({LINKS})(document, location.href),
}})"""
# The page at an address, asked for from another one: no script of it runs, but all that it shows is fetched.
PASSED = f"""async ([address, known]) => {{
    const answer = await fetch(address);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const shown = page.querySelectorAll("img[src], script[src], link[rel=stylesheet], link[rel=icon]");
    const parts = Array.from(shown,
        (one) => new URL(one.getAttribute("src") || one.getAttribute("href"), answer.url).href);
    const unknown = parts.filter((part) => part.startsWith("http") && !known.includes(part));
    await Promise.all(unknown.map((part) => fetch(part)));
    return {{status: answer.status, parts: unknown, links: ({LINKS})(page, answer.url)}};
}}"""
# Only what is wrong comes back: the rest, all that is right, is megabytes.
AXE = "axe.run({resultTypes: ['violations']}).then((found) => found.violations)"
FOCUSED = """() => {
    const it = document.activeElement, style = getComputedStyle(it), box = it.getBoundingClientRect();
    const shown = box.width > 0 && box.bottom > 0 && box.top < innerHeight;
    // A card's link lends its focus to the whole card, by ::after.
    const ring = [style, getComputedStyle(it, "::after")].some(
        (one) => one.outlineStyle !== "none" && parseFloat(one.outlineWidth) > 0);
    return {
        what: it.outerHTML.slice(0, 80), href: it.getAttribute("href"), inMain: !!it.closest("main"),
        isMain: it.matches("main"), visible: shown && (ring || style.boxShadow !== "none"),
    };
}"""


@dataclass
class Walk:
    """What was found: who reached which page, at which address, and what is wrong."""

    reached: dict[str, dict[str, str]] = field(default_factory=dict)  # person → address's name → address
    problems: list[str] = field(default_factory=list)
    looked_at: set[str] = field(default_factory=set)  # names of addresses that axe has read

    def people_at(self, name: str) -> list[str]:
        return [person for person, pages in self.reached.items() if name in pages]


def walk(
    page: Page,
    into: Walk,
    *,
    person: str,
    skip: dict[str, str],
    already_read: set[str],
    typed: dict[str, str],
    each: set[str],
    shots: Path | None = None,
) -> None:
    """From the page shown, opens one example of each address that a link leads to.

    `skip` are names of addresses that are no pages; `already_read` those that need no second reader, and that
    she only passes through; `typed` is what is searched for on a page, by its name; `each` are names of which
    she opens every example, for what they lead to. `shots` is a folder for a picture of each page.
    """
    reached = into.reached.setdefault(person, {})
    trouble = _listen(page)
    site = urlsplit(page.url).netloc
    waiting, opened = [page.url], set()
    known: set[str] = set()  # pictures, scripts and style sheets that were fetched for her
    while waiting:
        url = waiting.pop(0)
        name = _name(url)
        if name is None:
            into.problems.append(f"{person}: a link leads nowhere: {url}")
            continue
        path = urlsplit(url).path
        if name in skip or path in opened or (name in reached and name not in each):
            continue
        opened.add(path)
        again = name in reached
        reached[name] = path
        if again or name in already_read:
            status, links, problems = *_pass_through(page, url, known), []
        else:
            response = page.goto(url)
            status = response.status if response else None
            links, problems = _look(page, axe=name not in into.looked_at, shots=shots and shots / name)
            into.looked_at.add(name)
        said = [f"answers {status}"] if status != 200 else []
        into.problems += [f"{person} at {reached[name]}: {what}" for what in [*said, *problems, *trouble]]
        trouble.clear()
        if name in typed:
            links += _pass_through(page, f"{url}?q={typed[name]}", known)[1]
        waiting += [link for link in links if urlsplit(link).netloc == site and not _is_theirs(link)]


def _listen(page: Page) -> list[str]:
    """What the browser complains of, as it happens."""
    heard: list[str] = []
    page.on("console", lambda line: heard.append(f"console: {line.text}") if line.type == "error" else None)
    page.on("pageerror", lambda error: heard.append(f"script: {error}"))
    page.on(
        "response",
        lambda answer: heard.append(f"{answer.status} for {answer.url}") if answer.status >= 400 else None,
    )
    return heard


def _pass_through(page: Page, url: str, known: set[str]) -> tuple[int, list[str]]:
    """What that page answers and its links, without opening it: a third of the time."""
    found = page.evaluate(PASSED, [url, list(known)])
    known.update(found["parts"])
    return found["status"], _without_place(found["links"])


def _without_place(links: list[str]) -> list[str]:
    return [urldefrag(link).url for link in links]


def _look(page: Page, *, axe: bool, shots: Path | None) -> tuple[list[str], list[str]]:
    """Its links, and what is wrong with the page on a wide screen, as it was opened, and on a narrow one."""
    problems = list(_with_the_keyboard(page)) if axe else []
    links: list[str] = []
    if axe:
        page.evaluate(Axe().axe_script)
    for width in WIDTHS:
        if width != WIDTHS[0]:
            page.set_viewport_size({"width": width, "height": HEIGHT})
        facts = page.evaluate(FACTS)
        links += _without_place(facts["links"])
        found = []
        if len(facts["h1"]) != 1 or not facts["h1"][0]:
            found.append(f"h1: {facts['h1']}")
        if not facts["title"]:
            found.append("no title")
        if facts["overflow"] > 0:
            found.append(f"overflows by {facts['overflow']}px")
        if axe:
            found += [_violation(violation) for violation in page.evaluate(AXE)]
        if shots and axe:
            page.screenshot(path=f"{shots}-{width}.jpg", type="jpeg", quality=70, full_page=True)
        problems += [f"{what} ({width}px)" for what in found]
    page.set_viewport_size({"width": WIDTHS[0], "height": HEIGHT})
    return links, problems


def _violation(violation: dict) -> str:
    return f"axe {violation['id']}: {violation['nodes'][0]['html'][:120]}"


def _with_the_keyboard(page: Page) -> Iterator[str]:
    """The first Tab finds the link to the content; it leads there; what is focused next shows it."""
    page.keyboard.press("Tab")
    first = page.evaluate(FOCUSED)
    if first["href"] != "#contenu" or not first["visible"]:
        yield f"the first Tab shows no link to the content but {first['what']}"
    page.keyboard.press("Enter")
    if not page.evaluate(FOCUSED)["isMain"]:
        yield "the link to the content does not lead there"
    page.keyboard.press("Tab")
    after = page.evaluate(FOCUSED)
    if not after["visible"]:
        yield f"focus is invisible on {after['what']}"


def _name(url: str) -> str | None:
    """As the table of permissions has it; None when no address is like that."""
    try:
        return resolve(urlsplit(url).path).view_name
    except Resolver404:
        return None


def _is_theirs(url: str) -> bool:
    return urlsplit(url).path.startswith(NOT_OURS)
