"""Letters about a member's provider: to its own administrators, and to those of its operators."""

from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils.timezone import localdate, localtime

from provisioning.connectors.identity.proof import record_name, record_text
from provisioning.models import MemberDomain, MemberProvider
from tenants import letters
from tenants.members.adhesions import operators_of
from tenants.models import Operator, Organisation, Role
from tenants.people.telling import people_to_tell


def turned_on(provider: MemberProvider, *, now: datetime) -> None:
    """To the organisation: its agents sign in by its own provider from now on."""
    domains = provider.domains.filter(tenant=provider.tenant_id, proven_at__isnull=False).order_by("domain")
    body = TURNED_ON.format(name=provider.name, domains=", ".join(one.domain for one in domains))
    key = f"own-provider:{provider.pk}:on:{provider.to_apply_since:%Y%m%d%H%M%S}"
    _to_organisation(provider.tenant, key, f"Connexion par {provider.name}", body, now=now)


def refused(provider: MemberProvider, problem: str, *, now: datetime) -> None:
    """To the operators: Keycloak does not take it; each change is told of once."""
    body = REFUSED.format(organisation=provider.tenant.name, problem=problem)
    key = f"own-provider:{provider.pk}:refused:{provider.to_apply_since:%Y%m%d%H%M%S}"
    _to_operators(provider.tenant, key, f"Connexion à reprendre : {provider.tenant.name}", body, now=now)


def proof_missing(domain: MemberDomain, *, until: datetime, now: datetime) -> None:
    """To both: the record is not there any more, and there is time to put it back."""
    body = MISSING.format(until=f"{localtime(until):%d/%m/%Y à %H h %M}", **_words(domain))
    key = f"own-domain:{domain.pk}:missing:{now:%Y%m%d}"
    _to_both(domain.tenant, key, f"Preuve de domaine à remettre : {domain.domain}", body, now=now)


def proof_lost(domain: MemberDomain, *, now: datetime) -> None:
    """To both: the domain is proven no more."""
    key = f"own-domain:{domain.pk}:lost:{now:%Y%m%d}"
    body = LOST.format(**_words(domain))
    _to_both(domain.tenant, key, f"Preuve de domaine perdue : {domain.domain}", body, now=now)


def _words(domain: MemberDomain) -> dict[str, str]:
    return {
        "organisation": domain.tenant.name,
        "domain": domain.domain,
        "record": record_name(domain.domain),
        "text": record_text(domain.token),
    }


def _to_both(organisation: Organisation, key: str, subject: str, body: str, *, now: datetime) -> None:
    _to_organisation(organisation, key, subject, body, now=now)
    _to_operators(organisation, key, subject, body, now=now)


def _to_organisation(organisation: Organisation, key: str, subject: str, body: str, *, now: datetime) -> None:
    _write([organisation.pk], [Role.ORG_ADMIN], organisation, key, subject, body, now=now)


def _to_operators(organisation: Organisation, key: str, subject: str, body: str, *, now: datetime) -> None:
    for operator in operators_of(organisation=organisation, on=localdate(now)):
        told = body + page(operator, organisation)
        _write(
            [operator.organisation_id],
            [Role.OPERATOR_ADMIN],
            operator.organisation,
            key,
            subject,
            told,
            now=now,
        )


def page(operator: Operator, organisation: Organisation) -> str:
    """Where an operator sees to it."""
    url = reverse("operator_member_sign_in", args=[operator.slug, organisation.siren])
    return f"\nLa page de cette connexion :\n{settings.BASE_URL.rstrip('/')}{url}\n"


def _write(
    organisations: list[int],
    roles: list[Role],
    tenant: Organisation,
    key: str,
    subject: str,
    body: str,
    *,
    now: datetime,
) -> None:
    for mandate in people_to_tell(organisations=organisations, roles=roles):
        letters.write(
            tenant=tenant,
            key=f"{key}:{mandate.user_id}",
            to=mandate.user.email,
            subject=subject,
            body=body,
            now=now,
        )


TURNED_ON = """\
Bonjour,

Les agents de votre organisation à l’adresse en {domains} se connectent désormais à Halle par « {name} ».

Si vous ne l’attendiez pas, écrivez à votre opérateur, ou retirez du DNS l’enregistrement de preuve.
"""
REFUSED = """\
Bonjour,

Le fournisseur d’identité de {organisation} n’a pas pu être transmis à Keycloak.

{problem}

Halle recommence d’elle-même. Si le message reste le même, écrivez à l’équipe de la plateforme.
"""
MISSING = """\
Bonjour,

Halle ne voit plus l’enregistrement TXT qui prouve le domaine {domain} de {organisation}.

Remettez-le avant le {until} :
{record}
{text}

Passé ce délai, les agents de ce domaine ne se connecteront plus par leur fournisseur.
"""
LOST = """\
Bonjour,

Le domaine {domain} de {organisation} n’est plus prouvé.
Ses agents ne se connectent plus par leur fournisseur.

Pour rétablir la connexion, remettez l’enregistrement TXT, puis demandez une vérification :
{record}
{text}
"""
