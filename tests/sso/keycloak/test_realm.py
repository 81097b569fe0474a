"""The realm as code, on a real Keycloak: applied twice, changed by hand, put back."""

import io

import pytest
from django.core.management import CommandError, call_command

from sso.keycloak import values
from sso.keycloak.applying import apply
from sso.keycloak.comparing import MASK, Difference, differing, merged
from sso.keycloak.declaration import declared
from sso.keycloak.server import KeycloakRefused, KeycloakUnreachable, Server
from tests.tools.ports import free_port

REALM = "/test"


def apply_realm(*options: str) -> str:
    said = io.StringIO()
    call_command("apply_realm", "--with-stand-in", *options, stdout=said)
    return said.getvalue()


def checked() -> str:
    """What --check tells; it fails, for whoever watches it."""
    said = io.StringIO()
    with pytest.raises(CommandError, match="avec la déclaration"):
        call_command("apply_realm", "--with-stand-in", "--check", stdout=said)
    return said.getvalue()


def client(keycloak, name: str = "halle") -> dict:
    (found,) = keycloak.get(f"{REALM}/clients", clientId=name)
    return found


NOTHING = "Rien à changer : Keycloak est comme déclaré.\n"


def test_a_realm_applied_again_changes_nothing(keycloak):
    assert apply_realm() == NOTHING
    assert apply_realm("--check") == NOTHING


def test_a_client_edited_by_hand_is_reported_and_put_back(keycloak):
    before = client(keycloak)
    by_hand = before | {
        "redirectUris": [*before["redirectUris"], "https://evil.example/*"],
        "attributes": before["attributes"] | {"pkce.code.challenge.method": "plain"},
    }
    keycloak.put(f"{REALM}/clients/{before['id']}", by_hand)
    told = checked()
    assert "client halle, redirectUris : " in told
    assert "https://evil.example/*" in told
    assert "client halle, attributes.pkce.code.challenge.method : plain au lieu de S256" in told
    assert set(client(keycloak)["redirectUris"]) == set(by_hand["redirectUris"])  # nothing was changed
    assert apply_realm().splitlines()[-1] == "2 différences corrigées."
    assert set(client(keycloak)["redirectUris"]) == set(before["redirectUris"])
    assert apply_realm() == NOTHING


def test_a_claim_added_or_taken_away_by_hand_is_put_back(keycloak):
    (agent,) = [one for one in keycloak.get(f"{REALM}/client-scopes") if one["name"] == "agent"]
    path = f"{REALM}/client-scopes/{agent['id']}/protocol-mappers/models"
    mappers = {one["name"]: one for one in keycloak.get(path)}
    keycloak.delete(f"{path}/{mappers['siret']['id']}")
    more = {field: value for field, value in mappers["acr"].items() if field != "id"}
    keycloak.post(path, more | {"name": "everything"})
    told = checked()
    assert "portée agent, attribut siret : absent" in told
    assert "portée agent, attribut everything : en trop" in told
    apply_realm()
    assert {one["name"] for one in keycloak.get(path)} == set(mappers)
    assert apply_realm() == NOTHING


def test_scopes_of_halles_client_are_exactly_those_declared(keycloak):
    path = f"{REALM}/clients/{client(keycloak)['id']}"
    roles = next(one["id"] for one in keycloak.get(f"{REALM}/client-scopes") if one["name"] == "roles")
    keycloak.put(f"{path}/default-client-scopes/{roles}", {})
    assert "defaultClientScopes : agent, basic, roles au lieu de agent, basic" in checked()
    apply_realm()
    assert {one["name"] for one in keycloak.get(f"{path}/default-client-scopes")} == {"agent", "basic"}


def test_a_realm_made_weaker_is_put_back(keycloak):
    keycloak.put(REALM, keycloak.get(REALM) | {"bruteForceProtected": False, "passwordPolicy": "length(4)"})
    told = checked()
    assert "royaume test, bruteForceProtected : False au lieu de True" in told
    assert "royaume test, passwordPolicy : length(4) au lieu de length(12)" in told
    apply_realm()
    assert keycloak.get(REALM)["bruteForceProtected"] is True
    assert apply_realm() == NOTHING


def flow(keycloak) -> list[dict]:
    return keycloak.get(f"{REALM}/authentication/flows/halle browser/executions")


def weaken(keycloak) -> None:
    """A password alone will do."""
    (code,) = (step for step in flow(keycloak) if step.get("providerId") == "auth-otp-form")
    keycloak.put(f"{REALM}/authentication/flows/halle browser/executions", code | {"requirement": "DISABLED"})


def aliases(keycloak) -> set[str]:
    return {one["alias"] for one in keycloak.get(f"{REALM}/authentication/flows") if not one["builtIn"]}


def test_a_step_of_sign_in_switched_off_by_hand_is_put_back(keycloak):
    weaken(keycloak)
    assert checked() == (
        "parcours halle browser, steps : > > auth-otp-form DISABLED au lieu de > > auth-otp-form REQUIRED\n"
    )
    apply_realm()
    assert keycloak.get(REALM)["browserFlow"] == "halle browser"
    assert aliases(keycloak) == {"halle browser", "halle first sign-in"}
    assert apply_realm() == NOTHING


class Stopping(Server):
    """Stops after so many changes, as a process that is killed."""

    def __init__(self, known: dict, *, after: int):
        super().__init__(
            url=known["url"], client_id=known["admin"], secret=known["development_secret"], timeout=60
        )
        self.left = after

    def _ask(self, verb, path, **how):
        if verb != "raw_get":
            self.left -= 1
        if self.left < 0:
            raise KeycloakUnreachable("stopped")
        return super()._ask(verb, path, **how)


@pytest.mark.parametrize("after", [1, 20, 30, 31])
def test_a_flow_of_which_half_is_made_serves_nobody_and_is_made_again(keycloak, known, after):
    weaken(keycloak)
    halle = declared("halle", values.values(stand_in=True))
    with pytest.raises(KeycloakUnreachable):
        apply(Stopping(known, after=after), halle)
    serving = keycloak.get(REALM)["browserFlow"]
    steps = keycloak.get(f"{REALM}/authentication/flows/{serving}/executions")
    assert "auth-otp-form" in [step.get("providerId") for step in steps]
    apply_realm()
    assert aliases(keycloak) == {"halle browser", "halle first sign-in"}
    assert keycloak.get(REALM)["browserFlow"] == "halle browser"
    assert apply_realm() == NOTHING


def test_a_client_that_nobody_declared_is_told_and_left(keycloak):
    made = keycloak.post(f"{REALM}/clients", {"clientId": "by-hand", "enabled": True})
    try:
        assert checked() == "client by-hand : inconnu de la déclaration, laissé tel quel\n"
        apply_realm()
        assert client(keycloak, "by-hand")["id"] == made
    finally:
        keycloak.delete(f"{REALM}/clients/{made}")


def test_a_new_secret_of_the_provider_is_told_without_being_said(keycloak, monkeypatch):
    monkeypatch.setattr(values, "STAND_IN_SECRET", "another-secret-of-proconnect")
    told = checked()
    assert "fournisseur proconnect, config.halleSecretMark : autre secret" in told
    assert "client keycloak, secret : autre secret" in told
    assert "another-secret-of-proconnect" not in told
    apply_realm()
    assert apply_realm() == NOTHING
    monkeypatch.undo()
    apply_realm()
    assert apply_realm() == NOTHING


def test_what_the_declaration_waits_for_is_named(keycloak):
    with pytest.raises(CommandError) as refused:
        call_command("apply_realm")
    assert "PROCONNECT_CLIENT_ID, PROCONNECT_CLIENT_SECRET, PROCONNECT_ISSUER" in str(refused.value)


def test_a_keycloak_that_is_not_there_or_refuses_is_told_without_a_secret(keycloak, known):
    away = Server(url=f"http://127.0.0.1:{free_port()}", client_id="x", secret="hidden-secret", timeout=2)
    with pytest.raises(KeycloakUnreachable, match="ne répond pas") as unreachable:
        away.get(REALM)
    stranger = Server(url=known["url"], client_id="halle-admin", secret="hidden-secret", timeout=30)
    with pytest.raises(KeycloakRefused, match=r"401.*administration de Halle") as refused:
        stranger.get(REALM)
    assert "hidden-secret" not in f"{unreachable.value}{refused.value}"
    assert unreachable.value.__cause__ is refused.value.__cause__ is None


# --- Comparing, which is pure ------------------------------------------------------------------


def test_only_what_is_declared_is_compared():
    found = {"a": 1, "more": 2, "list": ["y", "x"], "in": {"b": "1", "c": MASK}, "none": None}
    same = {"a": 1, "list": ["x", "y"], "in": {"b": "1", "c": "the secret"}, "none": ""}
    assert list(differing(same, found)) == []
    assert list(differing({"in": {"b": "2"}, "absent": {"d": "1"}}, found)) == [
        ("in.b", "1", "2"),
        ("absent.d", None, "1"),
    ]
    assert merged(found, {"in": {"b": "2"}})["in"] == {"b": "2", "c": MASK}


def test_a_difference_says_no_secret():
    told = str(Difference("client", "halle", "secret", "old", "new"))
    assert told == "client halle, secret : autre secret"
