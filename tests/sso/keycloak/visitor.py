"""A person's browser at Keycloak, as far as its forms go."""

from urllib.parse import parse_qs, urljoin, urlsplit

import requests
from bs4 import BeautifulSoup

from sso.keycloak.values import STAND_IN_SECRET


class Visitor:
    """Its cookies and its forms. It stops where `home` begins: Halle, or a service."""

    def __init__(self, home: str = "http://testserver/"):
        self.session, self.home = requests.Session(), home

    def open(self, url: str, **form) -> requests.Response | str:
        """The page where one arrives, or the address at home."""
        how = "POST" if form else "GET"
        while not url.startswith(self.home):
            page = self.session.request(how, url, data=form or None, allow_redirects=False, timeout=60)
            for cookie in self.session.cookies:
                cookie.secure = False  # as browsers take it from their own machine
            if not page.is_redirect:
                return page
            url, how, form = urljoin(url, page.headers["Location"]), "GET", {}
        return url

    def submit(self, page: requests.Response, **fields) -> requests.Response | str:
        """Its form that has those fields, filled."""
        forms = BeautifulSoup(page.content, "html.parser").find_all("form", method="post")
        (form,) = (form for form in forms if all(form.find(attrs={"name": name}) for name in fields))
        hidden = {one["name"]: one.get("value", "") for one in form.find_all("input", type="hidden")}
        return self.open(urljoin(page.url, form["action"]), **(hidden | fields))

    def known_as(self, page: requests.Response, name: str) -> requests.Response | str:
        """Signed in at the realm that plays ProConnect, whose page this is."""
        return self.submit(page, username=name, password=STAND_IN_SECRET)

    @staticmethod
    def code_in(url: str) -> str:
        """What Keycloak gives to be changed for tokens."""
        return parse_qs(urlsplit(url).query)["code"][0]
