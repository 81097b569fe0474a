"""Who works in the main commune besides its secretary and its mayor, the groups they are in, and the
review of what they have."""

from datetime import date

from django.conf import settings

from catalog.models import ServiceSheet
from demo.seed.members import MAIN
from demo.seed.moments import at
from subscriptions.agents.groups import make_group, put_in, set_services
from subscriptions.agents.listing import put_on_list
from subscriptions.models import AccessRole, ReviewDecision
from subscriptions.reviews.operations import decide, open_review
from subscriptions.reviews.queries import lines_of
from tenants.models import Membership, Organisation, Role, User

LISTED = "plan-du-pays"
LIST_MADE, GROUPS_MADE, REVIEWED = date(2026, 9, 3), date(2026, 9, 7), date(2026, 10, 19)
# (first name, family name, groups); all invented.
AGENTS = (
    ("Lison", "Bralenoux", ("Accueil",)),
    ("Éloi", "Courvavoine", ("Accueil", "Urbanisme")),
    ("Maud", "Fontarelle", ("Urbanisme",)),
    ("Yannis", "Jarnoret", ()),
)
GIVES = {"Accueil": AccessRole.USER, "Urbanisme": AccessRole.MANAGER}


def make_agents(*, people: dict[str, User]) -> None:
    """After the subscription to what is put on a list. The agents come after it: only groups give it to
    them."""
    by = people["odile-brunerie"]
    commune = Organisation.objects.get(territory__code=MAIN, kind="commune")
    sheet = ServiceSheet.objects.get(slug=LISTED)
    put_on_list(organisation=commune, sheet=sheet, by=by, now=at(LIST_MADE))
    members: dict[str, list[int]] = {name: [] for name in GIVES}
    for first_name, last_name, groups in AGENTS:
        user = User.objects.create_user(
            issuer=settings.OIDC_ISSUER,
            sub=f"agent-{last_name.casefold()}",
            email=f"{last_name.casefold()}@margerie-chantagret.mairie.example",
            first_name=first_name,
            last_name=last_name,
        )
        Membership.objects.create(user=user, organisation=commune, role=Role.AGENT, given_by=by)
        for name in groups:
            members[name].append(user.pk)
    asked = {"organisation": commune, "by": by, "now": at(GROUPS_MADE)}
    for name, role in GIVES.items():
        group = make_group(name=name, **asked)
        put_in(group=group, people=members[name], **asked)
        set_services(group=group, wanted={sheet.pk: role}, **asked)
    review = open_review(organisation=commune, by=by, now=at(REVIEWED))
    for line in lines_of(review)[:2]:
        decide(line=line, decision=ReviewDecision.KEPT, by=by, now=at(REVIEWED, 10))
