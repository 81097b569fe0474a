"""Reads about an organisation's people, for its pages."""

from django.db.models import Case, OuterRef, Prefetch, QuerySet, Subquery, TextField, Value, When
from django.db.models.functions import Cast, Concat

from tenants.models import Invitation, Letter, LetterState, Membership, Organisation, User
from tenants.models.organisation import PlainName


def people_of(*, organisation: Organisation) -> QuerySet[User]:
    """Whoever has a mandate there that is not ended, by name. `mandates_here` has them, the suspended ones
    included."""
    mandates = Membership.objects.open().filter(organisation=organisation).order_by("since", "pk")
    here = User.objects.filter(pk__in=mandates.order_by().values("user"))
    return here.prefetch_related(Prefetch("memberships", mandates, to_attr="mandates_here")).order_by(
        PlainName("last_name"), PlainName("first_name"), "pk"
    )


def invitations_of(*, organisation: Organisation) -> QuerySet[Invitation]:
    """Those neither accepted nor cancelled, expired ones included, last first.

    `letter_problem` says why the last letter did not leave; "" or None when it did, or will.
    """
    pending = Invitation.objects.filter(
        tenant=organisation, accepted_at__isnull=True, cancelled_at__isnull=True
    )
    key = Concat(Value("invitation:"), Cast(OuterRef("public_id"), TextField()))
    letters = Letter.objects.filter(tenant=organisation, key__startswith=key).order_by("-created_at", "-pk")
    failed = Case(When(state=LetterState.FAILED, then="problem"), default=Value(""))
    return pending.annotate(letter_problem=Subquery(letters.values(failed=failed)[:1])).order_by(
        "-created_at", "pk"
    )
