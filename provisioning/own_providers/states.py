"""How a member's provider moves from one state to another, and the log of it."""

from datetime import datetime

from provisioning.models import MemberProvider, MemberProviderMove, ProviderState
from tenants.models import User
from tenants.refusals import Refused

S = ProviderState
TRANSITIONS: dict[str, frozenset[str]] = {
    S.DRAFT: frozenset({S.TRYING, S.RETIRED}),
    S.TRYING: frozenset({S.TRIED, S.FAILED}),
    S.FAILED: frozenset({S.DRAFT, S.TRYING, S.RETIRED}),
    S.TRIED: frozenset({S.DRAFT, S.TRYING, S.STARTING, S.RETIRED}),
    S.STARTING: frozenset({S.ON, S.STOPPING}),
    S.ON: frozenset({S.STOPPING}),
    S.STOPPING: frozenset({S.TRIED}),
    S.RETIRED: frozenset(),
}
# Whoever has an address of its domains is led to it, or is about to be.
LIVE = frozenset({S.STARTING, S.ON})


def move(
    provider: MemberProvider, to: str, *, now: datetime, by: User | None = None, reason: str = "", **fields
) -> None:
    """To that state, with these fields, which the row given takes too. Logged. Needs a transaction.

    Raises Refused when the state is not one from which it goes there, also because somebody else was quicker.
    """
    before = provider.state
    if to not in TRANSITIONS[before]:
        raise Refused(f"Ce n’est plus possible : ce fournisseur est « {provider.get_state_display()} ».")
    changed = MemberProvider.objects.filter(pk=provider.pk, tenant=provider.tenant_id, state=before)
    if changed.update(state=to, **fields) != 1:
        raise Refused("Quelqu’un vient de changer ce fournisseur. Relisez la page.")
    for name, value in {"state": to, **fields}.items():
        setattr(provider, name, value)
    MemberProviderMove.objects.create(
        tenant_id=provider.tenant_id,
        provider=provider,
        before=before,
        after=to,
        at=now,
        by=by,
        reason=reason[:500],
    )
