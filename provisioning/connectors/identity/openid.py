"""The trial of an OpenID Connect provider: its description, its keys, and Halle's account there."""

import base64
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from provisioning.connectors.identity.fetching import Unfit, ask, check_address

# What Keycloak, and Halle behind it, verify: never a shared secret.
ALGORITHMS = frozenset(
    ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
)
# No code that a provider gives is this one: it is refused for the code, not for who asks.
NO_CODE = "essai-de-raccordement"
_REFUSED_CLIENT = frozenset(["invalid_client", "unauthorized_client"])
_NAMES = {  # of the description, as Keycloak names them
    "authorization_endpoint": "authorizationUrl",
    "token_endpoint": "tokenUrl",
    "userinfo_endpoint": "userInfoUrl",
    "jwks_uri": "jwksUrl",
    "end_session_endpoint": "logoutUrl",
}


@dataclass(frozen=True)
class Account:
    """Halle's at the provider, as its administrator gave it. `redirect`: where people come back to."""

    issuer: str
    client_id: str
    secret: str = field(repr=False)
    redirect: str


def try_out(account: Account) -> dict:
    """What the provider says of itself, as JSON: `addresses` by Keycloak's names, and `by_basic`.

    Nobody is signed in and nothing is changed there (OpenID Connect Discovery 1.0, §4; RFC 6749, §5.2).
    Raises Unfit.
    """
    document = _document(account.issuer)
    addresses = {}
    for name, known_as in _NAMES.items():
        if document.get(name):
            addresses[known_as] = check_address(document[name])
        elif name != "end_session_endpoint":
            raise Unfit(f"La description du fournisseur ne dit pas « {name} ».")
    if "code" not in _words(document, "response_types_supported", ["code"]):
        raise Unfit("Ce fournisseur ne connaît pas le parcours par code (response_type=code).")
    if "S256" not in _words(document, "code_challenge_methods_supported", ["S256"]):
        raise Unfit("Ce fournisseur ne connaît pas PKCE par S256 : Halle l’exige.")
    if not ALGORITHMS & set(_words(document, "id_token_signing_alg_values_supported", ["RS256"])):
        raise Unfit("Ce fournisseur ne signe ses jetons par aucun algorithme à clé publique.")
    methods = _words(document, "token_endpoint_auth_methods_supported", ["client_secret_basic"])
    if not {"client_secret_basic", "client_secret_post"} & set(methods):
        raise Unfit(
            "Ce fournisseur n’accepte pas de secret : Halle se présente par client_secret_basic ou _post."
        )
    by_basic = "client_secret_post" not in methods
    _check_keys(addresses["jwksUrl"])
    _check_account(account, addresses["tokenUrl"], by_basic=by_basic)
    return {"addresses": addresses, "by_basic": by_basic}


def _document(issuer: str) -> dict:
    url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    answer = ask("GET", url, headers={})
    document = answer.json_object() if answer.status == 200 else None
    if document is None:
        raise Unfit(f"L’adresse {url} ne donne pas la description d’un fournisseur : vérifiez l’émetteur.")
    if document.get("issuer") != issuer:
        said = document.get("issuer")
        other = f"« {said} »" if isinstance(said, str) and len(said) < 200 else "autre chose"
        raise Unfit(
            f"Ce fournisseur dit s’appeler {other} : recopiez l’émetteur tel quel, barre finale comprise."
        )
    return document


def _words(document: dict, name: str, default: list[str]) -> list[str]:
    said = document.get(name)
    return [one for one in said if isinstance(one, str)] if isinstance(said, list) else default


def _check_keys(url: str) -> None:
    answer = ask("GET", url, headers={})
    found = (answer.json_object() or {}).get("keys") if answer.status == 200 else None
    keys = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    if not any(one.get("kty") in ("RSA", "EC", "OKP") and one.get("use", "sig") == "sig" for one in keys):
        raise Unfit(f"Aucune clé publique de signature n’est publiée à l’adresse {url}.")
    if any("d" in one or one.get("kty") == "oct" for one in keys):
        raise Unfit(f"Une clé privée est publiée à l’adresse {url} : à faire changer d’urgence.")


def _check_account(account: Account, url: str, *, by_basic: bool) -> None:
    """Asks for a code that cannot be: who is known is told that the code is wrong, anybody else that she is
    not known."""
    form = {
        "grant_type": "authorization_code",
        "code": NO_CODE,
        "redirect_uri": account.redirect,
        "code_verifier": NO_CODE.ljust(43, "-"),
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    if by_basic:
        pair = f"{quote(account.client_id, safe='')}:{quote(account.secret, safe='')}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    else:
        form |= {"client_id": account.client_id, "client_secret": account.secret}
    answer = ask("POST", url, headers=headers, content=urlencode(form).encode())
    error = (answer.json_object() or {}).get("error")
    if answer.status == 401 or error in _REFUSED_CLIENT:
        raise Unfit("Le fournisseur ne reconnaît pas l’identifiant de client ou son secret : recopiez-les.")
    if error is None:
        raise Unfit(f"L’adresse {url} ne répond pas comme un fournisseur (réponse {answer.status}).")
