"""The demo people, and a secretary and a signatory in every member. All invented."""

import json
from pathlib import Path
from random import Random

from django.conf import settings

from demo.seed.members import FOREZ_EST, MAIN, SECOND, THIRD
from demo.seed.operators import BRUMELLE, CANTONADE, ETABLI
from demo.seed.vendors import vendor_siren
from tenants.models import Membership, Organisation, Role, User

FILE = Path(__file__).parent.parent / "people.json"
STAFF = "claire-ostermane"
# sub → (where, role): a commune by its code, any other body by its SIREN.
MANDATES = {
    "odile-brunerie": [(MAIN, Role.SECRETARY), (MAIN, Role.ORG_ADMIN)],
    "marcel-tavernas": [(MAIN, Role.SIGNATORY)],
    "nadege-escoulin": [(THIRD, Role.SECRETARY), (SECOND, Role.FINANCE)],
    "bastien-roquelle": [(SECOND, Role.FINANCE)],
    "maelle-ordonneau": [(FOREZ_EST, Role.SECRETARY), (FOREZ_EST, Role.ORG_ADMIN)],
    "gontran-vilarel": [(FOREZ_EST, Role.SIGNATORY)],
    "solene-kerguilly": [(CANTONADE.siren, Role.CURATOR)],
    "armand-theullier": [(CANTONADE.siren, Role.OPERATOR_FINANCE), (CANTONADE.siren, Role.OPERATOR_ADMIN)],
    "fatou-dembrelle": [
        (BRUMELLE.siren, Role.CURATOR),
        (BRUMELLE.siren, Role.OPERATOR_FINANCE),
        (BRUMELLE.siren, Role.OPERATOR_ADMIN),
    ],
    "mireille-castagnou": [(BRUMELLE.siren, Role.AUDITOR)],
    "lucien-arbogat": [(ETABLI.siren, Role.CURATOR)],
    "ines-valmorin": [(ETABLI.siren, Role.OPERATOR_FINANCE), (ETABLI.siren, Role.OPERATOR_ADMIN)],
    "theo-pellegarde": [
        (vendor_siren("tablee-douce"), Role.VENDOR_EDITOR),
        (vendor_siren("tablee-douce"), Role.VENDOR_ADMIN),
    ],
}
FIRST_NAMES = (
    "Agathe", "Alban", "Armelle", "Baptiste", "Bérénice", "Bruno", "Camille", "Cédric", "Clarisse",
    "Damien", "Delphine", "Edmond", "Élise", "Fabrice", "Flora", "Gaspard", "Gisèle", "Hector", "Irène",
    "Joris", "Judith", "Kévin", "Laure", "Léandre", "Louise", "Mathilde", "Norbert", "Ombeline",
    "Pascal", "Rémi", "Sabine", "Tristan", "Ursule", "Valentin", "Yvonne", "Zélie",
)  # fmt: skip
# Family names put together from pieces, so that nobody bears them on purpose.
NAME_STARTS = (
    "Bral", "Courv", "Dess", "Fontar", "Grell", "Halb", "Jarn", "Lormet", "Mazel", "Nolv", "Ourd",
    "Perg", "Quint", "Ravel", "Sarg", "Trev", "Vern",
)  # fmt: skip
NAME_ENDS = (
    "andier", "avoine", "ecourt", "elat", "enoux", "erolle", "escaut", "ibert", "igneul", "ombe",
    "oret", "oussin", "urieux",
)  # fmt: skip


def read_people() -> list[dict]:
    return json.loads(FILE.read_text(encoding="utf-8"))


def make_people() -> dict[str, User]:
    """The demo people by `sub`, with their mandates. May be repeated; who signed in before keeps the row."""
    users = {}
    for person in read_people():
        sub = person["sub"]
        user = User.objects.filter(issuer=settings.OIDC_ISSUER, sub=sub).first()
        if user is None:
            create = User.objects.create_superuser if sub == STAFF else User.objects.create_user
            user = create(
                issuer=settings.OIDC_ISSUER,
                sub=sub,
                email=person["email"],
                first_name=person["given_name"],
                last_name=person["usual_name"],
            )
        for where, role in MANDATES.get(sub, []):
            field = "territory__code" if len(where) == 5 else "siren"
            organisation = Organisation.objects.get(**{field: where})
            Membership.objects.get_or_create(user=user, organisation=organisation, role=role, ended_at=None)
        users[sub] = user
    return users


def make_staff(*, rng: Random) -> None:
    """A secretary and a signatory for every member that has none among the demo people."""
    members = Organisation.objects.filter(adhesions__isnull=False).distinct().order_by("siren")
    held = set(Membership.objects.values_list("organisation_id", "role"))
    users, memberships = [], []
    for organisation in members:
        for role in (Role.SECRETARY, Role.SIGNATORY):
            if (organisation.pk, role) in held:
                continue
            user = _invented(organisation, role, rng)
            users.append(user)
            memberships.append(Membership(user=user, organisation=organisation, role=role))
    User.objects.bulk_create(users)
    Membership.objects.bulk_create(memberships)


def _invented(organisation: Organisation, role: str, rng: Random) -> User:
    sub = f"{role}-{organisation.siren}"
    user = User(
        issuer=settings.OIDC_ISSUER,
        sub=sub,
        subject=f"{settings.OIDC_ISSUER} {sub}",
        email=f"{role}.{organisation.email}",
        first_name=rng.choice(FIRST_NAMES),
        last_name=rng.choice(NAME_STARTS) + rng.choice(NAME_ENDS),
    )
    user.set_unusable_password()
    return user


def holders(role: str) -> dict[int, User]:
    """Who holds a role in each organisation (the first of them), by the organisation's id."""
    rows = Membership.objects.filter(role=role, ended_at__isnull=True).select_related("user").order_by("-pk")
    return {row.organisation_id: row.user for row in rows}
