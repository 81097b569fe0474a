"""What the DNS says of a domain is kept, looked at again each day, and told when it is lost."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from provisioning import tasks
from provisioning.connectors.identity import proof
from provisioning.connectors.identity.proof import Proof
from provisioning.models import MemberDomain, MemberProvider, ProviderState
from provisioning.own_providers import telling
from provisioning.own_providers.operations import know_domains, note_domains
from tenants.constraints import violated

# Taken away by mistake, a record is put back in less: until then agents sign in, and people are told.
GRACE = timedelta(days=3)
# No DNS is silent for so long by accident.
SILENCE = timedelta(days=7)
# A domain that was never proven is looked at for so long after it was named.
HOPE = timedelta(days=30)
_SENTENCES = {
    Proof.ABSENT: "L’enregistrement n’est pas encore visible. Un DNS met parfois des heures à le montrer.",
    Proof.OTHER: "L’enregistrement est là, mais dit autre chose : recopiez sa valeur telle quelle.",
    Proof.UNKNOWN: "Le DNS de ce domaine ne répond pas. Halle regardera de nouveau demain.",
}
_LOST = "L’enregistrement a disparu du DNS, ou dit autre chose : remettez-le."
TAKEN = "Ce domaine est déjà prouvé par une autre organisation : elle doit d’abord y renoncer."


def carry_out(*, domain_id: int, now: datetime) -> None:
    """Looks at the DNS of a domain that somebody or the night asked about. Called again, it looks again. Must
    run outside a transaction: it asks the DNS."""
    found = MemberDomain.objects.filter(pk=domain_id, asked_at__isnull=False).first()
    if found is not None:
        said = proof.look(found.domain, token=found.token)
        _record(found, said, now=max(now, timezone.now()))


def ask_all(*, now: datetime) -> int:
    """Every night: each domain that is proven, or may yet be, is looked at. How many."""
    rows = MemberDomain.objects.exclude(provider__state=ProviderState.RETIRED)
    due = [
        pk
        for pk, proven, added in rows.values_list("pk", "proven_at", "added_at")
        if proven or added > now - HOPE
    ]
    MemberDomain.objects.filter(pk__in=due, asked_at__isnull=True).update(asked_at=now)
    for pk in due:
        tasks.check_domain.defer(domain_id=pk)
    return len(due)


@transaction.atomic
def _record(looked_at: MemberDomain, said: Proof, *, now: datetime) -> None:
    providers = MemberProvider.objects.select_for_update(of=("self",), no_key=True)
    provider = providers.get(pk=looked_at.provider_id)
    rows = MemberDomain.objects.select_for_update(of=("self",), no_key=True)
    found = rows.filter(pk=looked_at.pk, asked_at=looked_at.asked_at).first()
    if found is None:  # taken away, or looked at by another worker meanwhile
        return
    was_proven = found.proven_at is not None
    found.asked_at, found.checked_at = None, now
    if said == Proof.SEEN:
        found.confirmed_at, found.missing_since, found.problem = now, None, ""
        found.proven_at, found.lost_at = found.proven_at or now, None
    else:
        _note_absence(found, said, now=now)
    try:
        with transaction.atomic():
            found.save()
    except IntegrityError as error:
        if violated(error) != "member_domain_of_one_organisation":
            raise
        found.proven_at, found.problem = None, TAKEN
        found.save()
    if (found.proven_at is not None) != was_proven:
        note_domains(provider, now=now)
    elif was_proven:
        know_domains(provider, now=now)  # also what was proven before anybody asked to join by it


def _note_absence(domain: MemberDomain, said: Proof, *, now: datetime) -> None:
    """Kept for a while; then the domain is proven no more. Either is told, once."""
    domain.problem = _SENTENCES[said]
    if domain.proven_at is None:
        return
    if said != Proof.UNKNOWN:
        domain.problem = _LOST
        if domain.missing_since is None:
            domain.missing_since = now
            telling.proof_missing(domain, until=now + GRACE, now=now)
    surely = domain.missing_since is not None and domain.missing_since + GRACE <= now
    if surely or domain.confirmed_at + SILENCE <= now:
        domain.proven_at, domain.missing_since, domain.lost_at = None, None, now
        telling.proof_lost(domain, now=now)
