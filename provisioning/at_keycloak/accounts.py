"""What differs at Keycloak, kept in rows: what Halle puts back, and what a person is told to do."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from provisioning.at_keycloak.wanted import Wanted
from provisioning.models import AccountDrift, AccountDriftKind
from sso.keycloak.members import Answer

K = AccountDriftKind
# What telling Keycloak again puts back.
PUT_BACK = frozenset({K.ORGANISATION, K.ABSENT, K.LEFT, K.MEMBER})
FOR_A_PERSON = frozenset({K.NO_ACCOUNT, K.DISABLED, K.KEPT})
NO_ACCOUNT = (
    "Son compte n’existe plus chez Keycloak. À sa prochaine connexion elle en aura un autre : qu’elle "
    "demande alors à être reconnue, et que l’administrateur de son organisation le confirme."
)
KEPT = (
    "Ce compte n’a plus de mandat ici, mais il tient au fournisseur d’identité de l’organisation : Keycloak "
    "le supprimerait. Faites-le retirer chez ce fournisseur. Il n’ouvre rien dans Halle."
)


@dataclass(frozen=True)
class Difference:
    """One thing that is not as it should be. `account`: of whom, by her `sub`, "" for the organisation."""

    kind: str
    words: str
    account: str = ""
    user: int | None = None


def lost(what: Wanted, unknown: Collection[str]) -> list[Difference]:
    """Those of its agents of whom no account is left; whoever has another one loses nothing."""
    known = {user for sub, user in what.people.items() if sub not in unknown}
    return [
        Difference(K.NO_ACCOUNT, NO_ACCOUNT, account=sub, user=what.people[sub])
        for sub in sorted(unknown)
        if sub in what.people and what.people[sub] not in known
    ]


def kept(subs: Iterable[str]) -> list[Difference]:
    """Members of their own provider's making, whom Halle leaves there."""
    return [Difference(K.KEPT, KEPT, account=sub) for sub in sorted(subs)]


def note_accounts(what: Wanted, answer: Answer, *, now: datetime) -> None:
    """Keycloak took what it was told: what was not so is put back, and these cannot be. In the caller's
    transaction."""
    found = lost(what, answer.unknown) + kept(answer.kept)
    record(what.organisation.pk, found, kinds=PUT_BACK | {K.NO_ACCOUNT, K.KEPT}, now=now)


@transaction.atomic
def record(
    organisation: int, found: list[Difference], *, kinds: Collection[str] = K.values, now: datetime
) -> None:
    """These are, of these kinds, the differences of an organisation now; the others are over."""
    rows = AccountDrift.objects.select_for_update(no_key=True)
    known = {
        (one.kind, one.account): one
        for one in rows.filter(tenant=organisation, kind__in=kinds, closed_at__isnull=True)
    }
    here = {(one.kind, one.account): one for one in found}
    # Whose account it was is nobody's business once it is over.
    over = [one.pk for key, one in known.items() if key not in here]
    AccountDrift.objects.filter(pk__in=over).update(closed_at=now, account="")
    for key in known.keys() & here.keys():
        AccountDrift.objects.filter(pk=known[key].pk).update(seen_at=now, words=here[key].words)
    new = [one for key, one in here.items() if key not in known]
    AccountDrift.objects.bulk_create(
        AccountDrift(
            tenant_id=organisation,
            kind=one.kind,
            account=one.account,
            user_id=one.user,
            words=one.words[:500],
            opened_at=now,
            seen_at=now,
        )
        for one in new
    )
