"""`python -m demo.identity`: sign in as one of the demo people, by one button each.

oidc-provider-mock does OpenID Connect; its own page is in English, takes its style from a foreign site and
shows bare identifiers, so only the pages are ours. It checks no password: development and demo only.
"""

import argparse
import json
import os
import secrets
import signal
import sys
from pathlib import Path
from urllib.parse import urlencode

import flask
import jinja2
import oidc_provider_mock
from werkzeug.serving import make_server

PAGE_ONLY = ("role", "organisation")


def read_people(path):
    """The demo people: a JSON list of {sub, given_name, usual_name, email, siret…, role, organisation}.

    `role` and `organisation` are for the page; everything else becomes a claim. Raises ValueError when a
    person has no `sub` or two share one.
    """
    people = json.loads(Path(path).read_text(encoding="utf-8"))
    subs = [person.get("sub") for person in people]
    if not all(subs) or len(set(subs)) != len(subs):
        raise ValueError(f"every person in {path} needs a `sub` of their own")
    return people


def claims(person):
    """A person's claims. ProConnect says `usual_name`, Keycloak `family_name`: both are given. Her e-mail is
    verified, as Keycloak says of those it has from a provider it trusts."""
    given = {name: value for name, value in person.items() if name not in ("sub", *PAGE_ONLY)}
    if "usual_name" in given:
        given.setdefault("family_name", given["usual_name"])
    given.setdefault("acr", "eidas2")  # nobody is asked for anything here, and everybody is believed
    if "email" in given:
        given.setdefault("email_verified", True)
    return given


def create_app(people):
    """The provider over `people`, with pages in French."""
    app = flask.Flask(__name__)
    app.jinja_loader = jinja2.ChoiceLoader(
        [app.jinja_loader, jinja2.PackageLoader("oidc_provider_mock", "templates")]
    )
    users = [oidc_provider_mock.User(sub=person["sub"], claims=claims(person)) for person in people]
    oidc_provider_mock.init_app(app, user_claims=users)
    app.secret_key = secrets.token_bytes(16)
    app.context_processor(lambda: {"people": people})
    app.before_request(_end_at_once)
    return app


def _end_at_once():
    """Whoever signs out of a client that knows her is asked nothing more: led back, as Keycloak does."""
    asked = flask.request.values
    if flask.request.path != "/oauth2/end_session" or "id_token_hint" not in asked:
        return None
    back, state = asked["post_logout_redirect_uri"], asked.get("state")
    query = f"{'&' if '?' in back else '?'}{urlencode({'state': state})}" if state else ""
    return flask.redirect(f"{back}{query}")


def main():
    """Serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m demo.identity", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--people", type=Path, required=True, help="JSON list of the demo people")
    options = parser.parse_args()
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # plain HTTP, but never further than 127.0.0.1
    try:
        people = read_people(options.people)
    except (OSError, ValueError) as error:
        sys.exit(f"demo.identity: {error}")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with make_server("127.0.0.1", options.port, create_app(people), threaded=True) as server:
        print(f"demo identity provider on http://127.0.0.1:{options.port}", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("demo identity provider stopped", flush=True)


if __name__ == "__main__":
    main()
