"""A service that speaks SAML 2.0, behind the real Keycloak: its client, and who enters with what."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import urljoin

import pytest
import requests
from bs4 import BeautifulSoup

from sso.keycloak import services
from sso.keycloak.server import KeycloakRefused
from sso.keycloak.service_shapes import Saml, ServiceClient
from tests.sso.keycloak.saml_service import SamlService, make_key, saml_service
from tests.sso.keycloak.visitor import Visitor

REALM = "test"
SIRET = "21330554800010"


@contextmanager
def behind(keycloak, known, *, key=None) -> Iterator[tuple[SamlService, ServiceClient]]:
    """A service, and the client that it is to have."""
    subscription = str(uuid.uuid4())
    metadata = f"{known['url']}/realms/{REALM}/protocol/saml/descriptor"
    with saml_service(metadata=metadata, key=key) as service:
        certificate = "".join(key.certificate.split("-----")[2].split()) if key else ""
        yield service, ServiceClient(
            subscription=subscription, name="Agenda, Saint-Essai", redirect_uris=(service.acs,), siret=SIRET,
            insee_code="33555", logout_uri=service.end,
            saml=Saml(f"https://agenda.example/saml/{subscription}", certificate),
        )  # fmt: skip
        services.remove_client(keycloak, REALM, subscription)


def enter(service: SamlService, wanted: ServiceClient, visitor: Visitor, **asked) -> requests.Response:
    """Asks for the service as a browser does, by ProConnect; the page where one arrives."""
    page = visitor.open(service.ask(wanted.client_id, **asked))
    link = BeautifulSoup(page.content, "html.parser").find(id="social-proconnect")
    if link is not None:
        page = visitor.open(urljoin(page.url, link["href"]))
        if 'name="password"' in page.text:
            page = visitor.known_as(page, "odile")
    if "SAMLResponse" in page.text:
        page = visitor.submit(page, SAMLResponse=_field(page, "SAMLResponse"))
    return page


def _field(page: requests.Response, name: str) -> str:
    return BeautifulSoup(page.content, "html.parser").find("input", {"name": name})["value"]


def found(keycloak, wanted) -> dict | None:
    return keycloak.get(f"/{REALM}/clients/{wanted.subscription}")


def test_an_agent_enters_by_saml_with_her_organisation_and_is_signed_out_elsewhere(keycloak, known):
    with behind(keycloak, known) as (service, wanted):
        assert services.ensure_client(keycloak, REALM, wanted) is None  # no secret
        made, changes = found(keycloak, wanted), keycloak.changes
        assert services.ensure_client(keycloak, REALM, wanted) is None
        assert (found(keycloak, wanted), keycloak.changes) == (made, changes)
        visitor = Visitor(home="http://nowhere.example/")
        assert enter(service, wanted, visitor).text == "Accès refusé"
        [first] = service.assertions
        sub = first.said["sub"][0]
        person = keycloak.get(f"/{REALM}/users/{sub}")
        assert first.audience == wanted.client_id
        assert {name: values for name, values in first.said.items() if name not in ("siret", "idp_id")} == {
            "sub": [sub], "organization_siret": [SIRET], "organization_insee_code": ["33555"],
            "given_name": [person["firstName"]], "usual_name": [person["lastName"]],
            "email": [person["email"]], "acr": ["eidas1"],
        }  # fmt: skip

        services.keep_roles(keycloak, REALM, wanted.subscription, people={"agent": [sub], "manager": [sub]})
        assert enter(service, wanted, visitor).text == "Bienvenue"  # known already: no form is shown
        second = service.assertions[-1]
        assert sorted(second.said["service_roles"]) == ["agent", "manager"]
        assert second.name_id == first.name_id
        assert services.end_sessions(keycloak, REALM, sub=sub)
        assert service.signed_out == [second.session]
        # She leaves by this service; another one is told.
        assert enter(service, wanted, visitor).text == "Bienvenue"
        with behind(keycloak, known) as (another, also_wanted):
            services.ensure_client(keycloak, REALM, also_wanted)
            assert enter(another, also_wanted, visitor).text == "Accès refusé"
            assert another.assertions[0].said["sub"] == [sub]
            page = visitor.open(service.leave(service.assertions[-1]))
            assert visitor.submit(page, SAMLResponse=_field(page, "SAMLResponse")).text == "Au revoir"
            assert another.signed_out == [another.assertions[0].session]
            assert keycloak.get(f"/{REALM}/users/{sub}/sessions") == []


def test_it_is_suspended_changed_put_back_and_removed(keycloak, known):
    with behind(keycloak, known) as (service, wanted):
        services.ensure_client(keycloak, REALM, wanted)
        made = found(keycloak, wanted)
        visitor = Visitor(home="http://nowhere.example/")
        assert services.suspend_client(keycloak, REALM, wanted.subscription)
        assert enter(service, wanted, visitor).status_code == 400
        assert services.resume_client(keycloak, REALM, wanted.subscription)
        assert enter(service, wanted, visitor).text == "Accès refusé"  # signed in, though nobody let her in
        assert enter(service, wanted, visitor, back=f"{service.home}/autre").status_code == 400

        path = f"/{REALM}/clients/{wanted.subscription}"
        attributes = made["attributes"] | {
            "saml.assertion.signature": "false", "saml_assertion_consumer_url_post": "https://evil.example/",
        }  # fmt: skip
        keycloak.put(path, made | {"clientId": "https://evil.example/", "attributes": attributes})
        siret = next(one for one in made["protocolMappers"] if one["name"] == "organization_siret")
        keycloak.delete(f"{path}/protocol-mappers/models/{siret['id']}")
        [seen] = _seen(keycloak, wanted)
        assert set(services.unlike(seen, wanted)) == {
            "clientId", "attributes.saml.assertion.signature", "attributes.saml_assertion_consumer_url_post",
            "organization_siret",
        }  # fmt: skip
        services.ensure_client(keycloak, REALM, wanted)
        [seen] = _seen(keycloak, wanted)
        assert services.unlike(seen, wanted) == []

        saml = replace(wanted.saml, entity_id=f"{wanted.client_id}/2")
        moved = replace(wanted, redirect_uris=(f"{service.home}/neuf", service.acs), saml=saml)
        services.ensure_client(keycloak, REALM, moved)
        assert enter(service, wanted, visitor).status_code == 400
        assert enter(service, moved, visitor).text == "Accès refusé"
        with pytest.raises(KeycloakRefused, match="déjà le nom d’un autre client"):
            services.ensure_client(keycloak, REALM, replace(moved, subscription=str(uuid.uuid4())))

        for _ in range(2):
            services.remove_client(keycloak, REALM, wanted.subscription)
        assert _seen(keycloak, wanted) == []
        assert enter(service, moved, visitor).status_code == 400


def _seen(keycloak, wanted) -> list[services.ClientSeen]:
    every = services.clients_of_services(keycloak, REALM)
    return [one for one in every if one.subscription == wanted.subscription]


def test_where_a_certificate_is_given_only_what_it_signs_is_heard(keycloak, known):
    with behind(keycloak, known, key=make_key()) as (service, wanted):
        services.ensure_client(keycloak, REALM, wanted)
        visitor = Visitor(home="http://nowhere.example/")
        assert enter(service, wanted, visitor).text == "Accès refusé"
        service.key = make_key()
        assert enter(service, wanted, visitor).status_code == 400
        service.key = None
        assert enter(service, wanted, visitor).status_code == 400


def test_a_service_that_changes_protocol_has_one_client_all_along(keycloak, known):
    with behind(keycloak, known) as (service, wanted):
        openid = replace(wanted, saml=None)
        given = services.ensure_client(keycloak, REALM, openid)
        assert given.client_id == f"halle-{wanted.subscription}"
        assert services.ensure_client(keycloak, REALM, wanted) is None
        assert keycloak.get(f"/{REALM}/clients", clientId=given.client_id) == []
        assert enter(service, wanted, Visitor(home="http://nowhere.example/")).text == "Accès refusé"
        again = services.ensure_client(keycloak, REALM, openid)
        assert (again.client_id, again.secret == given.secret) == (given.client_id, False)
        assert len(_seen(keycloak, wanted)) == 1
