"""What signing in does by itself with the provider of the settings, and what a person does instead."""

from dataclasses import dataclass

from django.conf import settings

from sso.keycloak.broker import is_broker


@dataclass(frozen=True)
class Matter:
    """One thing to be done, in French; `how` it is, by itself or by hand."""

    what: str
    automatic: bool
    how: str


def what_is_automatic() -> list[Matter]:
    """All matters, whatever the provider. Any conformant OpenID Connect provider signs people in; only
    Keycloak lets Halle write at it."""
    keycloak, proven = is_broker(), bool(settings.OIDC_ASSURANCE)
    return [
        Matter(
            "Connecter les agents",
            True,
            "Par le fournisseur d’identité de la plateforme, quel qu’il soit.",
        ),
        Matter(
            "Exiger une double authentification",
            proven,
            "Halle la demande au fournisseur et vérifie ce qu’il répond."
            if proven
            else "Halle ne la vérifie pas ici : à exiger chez le fournisseur d’identité.",
        ),
        Matter(
            "Fermer la session chez le fournisseur en se déconnectant",
            True,
            "Si le fournisseur l’annonce dans sa description, ce que fait Keycloak.",
        ),
        *(Matter(what, keycloak, alone if keycloak else by_hand) for what, alone, by_hand in _AT_KEYCLOAK),
    ]


_AT_KEYCLOAK = [
    (
        "Conduire un adhérent à son propre fournisseur",
        "Raccordé depuis la page de l’adhérent, une fois son domaine prouvé.",
        "À demander à l’administrateur du fournisseur d’identité, s’il sait le faire. La page de l’adhérent "
        "essaie le fournisseur et prouve le domaine, sans rien mettre en service.",
    ),
    (
        "Ouvrir un service derrière la même connexion",
        "Son client, OpenID Connect ou SAML, est créé, changé et retiré avec l’abonnement.",
        "L’administrateur du fournisseur d’identité crée le client du service, et le retire à la fin.",
    ),
    (
        "Tenir la liste des organisations et de leurs agents chez le fournisseur",
        "Halle la tient chez Keycloak à chaque changement. Elle n’y crée aucun compte : chacun a le sien "
        "depuis sa première connexion.",
        "Rien n’est envoyé au fournisseur d’identité : son administrateur y tient ses groupes, s’il en a.",
    ),
    (
        "Fermer aussitôt toutes les sessions d’un agent qui part",
        "Celles de Halle et des services, par Keycloak.",
        "Celles de Halle aussitôt ; celles des services par l’administrateur du fournisseur d’identité.",
    ),
    (
        "Faire entrer un éditeur privé, que ProConnect ne connaît pas",
        "Par un compte de Keycloak : mot de passe et code, ou clé d’accès.",
        "Par un compte que l’administrateur du fournisseur d’identité lui crée.",
    ),
]
