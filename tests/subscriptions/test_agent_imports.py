"""A file of agents: read whatever made it, bad rows set aside with what to do, good ones invited once."""

import csv
import io
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from subscriptions.agents.giving import invite_agent
from subscriptions.agents.groups import end_group
from subscriptions.agents.imports import operations
from subscriptions.agents.imports.queries import counts_of_rows, refused_rows
from subscriptions.agents.imports.rows import Known, Names, read_agents
from subscriptions.models import (
    Access,
    AgentImport,
    AgentImportRow,
    GroupMember,
    OfferedAccess,
    OfferedGroup,
    State,
)
from tenants.models import AuditEvent, Invitation, Letter, Role
from tenants.people import invitations
from tenants.people.roles import MEMBER_ROLES, NotAllowed
from tenants.personal_data.erasure import clear_traces, erase
from tenants.personal_data.retention import apply_retention
from tenants.refusals import Refused
from tenants.spreadsheets.reading import CsvProblem
from tenants.spreadsheets.writing import rejected_as_csv
from tenants.tenancy import tenant_scope
from tests.factories import (
    AgentGroupFactory,
    AgentImportFactory,
    AgentImportRowFactory,
    GroupServiceFactory,
    ListedServiceFactory,
    MembershipFactory,
    SubscriptionFactory,
    UserFactory,
)
from tests.tools.database import as_worker
from tests.tools.jobs import run_jobs, waiting

SENDING = "subscriptions.tasks.send_agent_import"
KNOWN = Known(
    groups=Names({"Accueil": 1, "Voirie, réseaux": 2, "Le Parc": 3, "Parc": 4}),
    listed=Names({"Cantinelle": 11, "Actes en chemin": 12}),
    open_to_all=Names({"Courrielle": 13}),
    given=MEMBER_ROLES,
)


def agents(text: str, encoding: str = "utf-8"):
    return read_agents(text.encode(encoding), known=KNOWN)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Courriel;Nom;Prénom\nlea@x.fr;Émile;Léa\n", "cp1252"),
        ("Nom,Prénom,Adresse mail\nÉmile,Léa,lea@x.fr\n", "utf-8"),
        ("Matricule;E-MAIL ;Nom et prénom;Service\n12;lea@x.fr;Léa Émile;Voirie\n", "utf-8-sig"),
        ("sep=;\nMail pro;Nom d'usage;prenom\n\nlea@x.fr;Émile;Léa\n", "utf-16"),
    ],
)
def test_files_of_all_kinds_are_read(text, encoding):
    found = agents(text, encoding)
    [one] = found.agents
    assert (one.email, one.name, one.roles, one.groups, one.services) == (
        "lea@x.fr", "Léa Émile", (Role.AGENT,), (), {},
    )  # fmt: skip


def test_a_cell_may_name_several():
    [one] = agents(
        "Courriel;Rôles;Groupes;Services\n"
        'lea@x.fr;Secrétaire, administratrice;"accueil | Voirie, réseaux | Parc";'
        '"cantinelle (gère), Actes en chemin, Courrielle"\n'
    ).agents
    assert one.roles == (Role.SECRETARY, Role.ORG_ADMIN)
    assert (one.groups, one.services) == ((1, 2, 4), {11: "manager", 12: "user"})


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (";agent;;", "la cellule est vide"),
        ("lea;;;", "Écrivez-la ainsi : prenom.nom@mairie.fr."),
        ("Léa <lea@x.fr>;;;", "n’est pas une adresse complète"),
        (f"{'l' * 250}@x.fr;;;", "trop longue"),
        ("lea@x.fr;chef;;", "« chef » n’est pas un rôle. Laissez la cellule vide"),
        ("lea@x.fr;auditeur (lit tout, ne change rien);;", "vous ne pouvez pas donner"),
        ("lea@x.fr;;Acceuil;", "« Acceuil » n’existe pas chez vous. Choisissez parmi"),
        ("lea@x.fr;;parc !;", "« parc ! » n’existe pas"),  # two are called nearly so
        ("lea@x.fr;;;Photoshop", "n’est pas un de vos services"),
        ("lea@x.fr;;;Cantinelle (chef)", "Écrivez (utilise) ou (gère)"),
        ("lea@x.fr;;", "pas assez de cellules"),
        ("LUC@x.fr;;;", "déjà à la ligne 2"),
    ],
)
def test_a_bad_row_is_set_aside_with_what_to_do(row, says):
    found = agents(f"Courriel;Rôle;Groupe;Services\nluc@x.fr;;;\n{row}\n")
    assert [one.email for one in found.agents] == ["luc@x.fr"]
    [bad] = found.rejected
    assert bad.line == 3
    assert says in bad.reasons[0], bad.reasons


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"Nom;Service\nLea;Voirie\n", "Il manque la colonne"),
        (b"Courriel;Mail\na@x.fr;b@x.fr\n", "figure 2 fois"),
        (b"Courriel\n# prenom.nom@mairie.fr\n", "que des exemples"),
        (b"PK\x03\x04xl/workbook", "classeur Excel"),
        (b"Courriel\n" + b"a@x.fr\n" * 2_001, "Découpez-le"),
        (b"Courriel\n" + b"a" * 1_100_000, "trop lourd"),
    ],
)
def test_a_file_that_is_none_is_refused_whole(content, says):
    with pytest.raises(CsvProblem, match=says):
        read_agents(content, known=KNOWN)


@pytest.fixture
def now():
    return timezone.now() + timedelta(hours=1)


@pytest.fixture
def subscription():
    return SubscriptionFactory(state=State.ACTIVE)


@pytest.fixture
def commune(subscription):
    return subscription.tenant


@pytest.fixture
def sheet(subscription, commune):
    with as_worker():
        found = subscription.listing.sheet
    ListedServiceFactory(tenant=commune, sheet=found)
    return found


@pytest.fixture
def admin(commune):
    return MembershipFactory(organisation=commune, role=Role.ORG_ADMIN).user


@pytest.fixture
def do(commune, admin, now):
    def done(verb, **more):
        with transaction.atomic(), tenant_scope([commune.pk]):
            return verb(**{"by": admin, "now": now, **more})

    return done


@pytest.fixture
def read(do, commune):
    def sent(text: str):
        return do(operations.read_file, organisation=commune, name="rh.csv", content=text.encode())

    return sent


@pytest.mark.django_db
def test_good_rows_become_invitations_and_the_same_file_again_invites_nobody(
    do, read, commune, sheet, admin, now
):
    group = AgentGroupFactory(tenant=commune, name="Accueil")
    GroupServiceFactory(group=group, sheet=sheet)
    with transaction.atomic(), tenant_scope([commune.pk]):
        invite_agent(organisation=commune, email="Waits@x.fr", roles={}, by=admin, now=now)
    text = (
        "Courriel;Groupes;Services\n"
        f"lea@x.fr;accueil;\nluc@x.fr;;{sheet.name} (gère)\n{admin.email.upper()};;\nwaits@x.fr;;\nbad;;\n"
    )
    found = read(text)
    with as_worker():
        assert counts_of_rows(found) == {"waiting": 2, "invited": 0, "refused": 3}
        reasons = {row.line: row.reasons[0] for row in refused_rows(agent_import=found)}
        assert Letter.objects.count() == 1
    assert "déjà agent ici" in reasons[4]
    assert "déjà une invitation" in reasons[5]
    with pytest.raises(Refused, match="Un import attend déjà"):
        read(text)
    do(operations.confirm, agent_import=found)
    with pytest.raises(Refused, match="vient d’être confirmé"):
        do(operations.abandon, agent_import=found)
    run_jobs()
    run_jobs()
    with as_worker():
        found.refresh_from_db()
        assert (found.state, found.done, found.total) == ("done", 2, 2)
        assert Letter.objects.count() == 3
        assert OfferedGroup.objects.get().group_id == group.pk
        assert list(OfferedAccess.objects.values_list("sheet", "role")) == [(sheet.pk, "manager")]
        lea = Invitation.objects.get(email="lea@x.fr")
        told = [event.what for event in AuditEvent.objects.filter(what__startswith="agent_import.")]
        assert sorted(told) == ["agent_import.confirmed", "agent_import.done", "agent_import.read"]
    person = UserFactory(email="lea@x.fr")
    with transaction.atomic(), tenant_scope([commune.pk]):
        invitations.accept(invitation=lea, user=person, now=now)
    with as_worker():
        assert GroupMember.objects.get().user_id == person.pk
        assert Access.objects.get(user=person).group_id == group.pk
    again = read(text)
    with as_worker():
        assert (again.total, counts_of_rows(again)["refused"]) == (0, 5)
    with pytest.raises(Refused, match="n’invite quelqu’un"):
        do(operations.confirm, agent_import=again)
    do(operations.abandon, agent_import=again)


@pytest.mark.django_db
def test_what_has_changed_since_the_file_was_read_is_as_it_is_now(do, read, commune, sheet, admin, now):
    group = AgentGroupFactory(tenant=commune, name="Accueil")
    found = read("Courriel;Groupes\nlea@x.fr;Accueil\nluc@x.fr;\nzoe@x.fr;\n")
    do(end_group, organisation=commune, group=group)
    do(invite_agent, organisation=commune, email="luc@x.fr", roles={})
    do(operations.confirm, agent_import=found)
    run_jobs()
    with as_worker():
        rows = {row.data["email"]: row for row in AgentImportRow.objects.all()}
        states = [rows[f"{one}@x.fr"].state for one in ("lea", "luc", "zoe")]
        assert states == ["refused", "refused", "invited"]
        assert "Ce groupe n’existe plus" in rows["lea@x.fr"].problems[0]
        assert Invitation.objects.count() == 2


@pytest.mark.django_db
def test_a_job_killed_in_the_middle_goes_on_where_it_was(do, read, commune, admin, now, monkeypatch):
    monkeypatch.setattr(operations, "BATCH", 2)
    found = read("Courriel\n" + "".join(f"a{number}@x.fr\n" for number in range(5)))
    do(operations.confirm, agent_import=found)
    with as_worker():
        assert operations._send_batch(found.pk, now)  # then its worker dies
        found.refresh_from_db()
        assert (found.state, found.done, Invitation.objects.count()) == ("sending", 2, 2)
    run_jobs()
    with as_worker():
        found.refresh_from_db()
        assert (found.state, found.done, Invitation.objects.count(), Letter.objects.count()) == (
            "done", 5, 5, 5,
        )  # fmt: skip


@pytest.mark.django_db
def test_a_job_that_was_lost_is_found(now):
    lost = AgentImportFactory(state="sending", confirmed_by=UserFactory(), confirmed_at=now)
    for later, jobs in ((0, 0), (60, 1), (120, 1)):
        with as_worker():
            operations.sweep(now=now + timedelta(seconds=later))
        found = [job["import_id"] for name, job in waiting() if name == SENDING]
        assert found == [lost.pk] * jobs


@pytest.mark.django_db
def test_whoever_loses_the_right_meanwhile_invites_nobody(do, read, commune, admin, now):
    other = MembershipFactory(organisation=commune, role=Role.ORG_ADMIN).user
    found = read("Courriel\nlea@x.fr\n")
    with pytest.raises(NotAllowed):
        do(operations.confirm, agent_import=found, by=UserFactory())
    do(operations.confirm, agent_import=found)
    with as_worker():
        admin.memberships.update(ended_at=now)
        other.refresh_from_db()
    run_jobs()
    with as_worker():
        row = AgentImportRow.objects.get()
    assert (row.state, row.problems) == ("refused", [str(NotAllowed())])


@pytest.mark.django_db
def test_an_erased_person_is_in_no_row(read, do, commune, admin, now):
    found = read("Courriel\nlea@x.fr\nluc@x.fr\n")
    person = UserFactory(email="Lea@x.fr")
    with as_worker():
        erase(person=person, by=None, now=now)
        clear_traces(person_id=person.pk, now=now)
        assert [row.data["email"] for row in AgentImportRow.objects.all()] == ["luc@x.fr"]
        found.refresh_from_db()
    do(operations.confirm, agent_import=found)
    run_jobs()
    with as_worker():
        found.refresh_from_db()
        assert (found.state, found.done, found.total) == ("done", 1, 1)


@pytest.mark.django_db
def test_rows_are_forgotten_after_thirty_days(now):
    old = AgentImportFactory(sent_at=now - timedelta(days=31))
    AgentImportRowFactory(agent_import=old)
    AgentImportRowFactory(agent_import=old, state="refused", problems=["X"], raw=["=cmd()|x@x.fr"])
    AgentImportRowFactory(agent_import=AgentImportFactory(sent_at=now - timedelta(days=29)))
    with as_worker():
        content = rejected_as_csv(["Courriel"], refused_rows(agent_import=old)).decode("utf-8-sig")
        assert next(csv.reader(io.StringIO(content.partition("\n")[2]), delimiter=";"))[0] == "'=cmd()|x@x.fr"
        assert apply_retention(now=now)["agent_imports"] == 1
        assert AgentImportRow.objects.count() == 1
        old.refresh_from_db()
        assert (old.state, old.file_name, counts_of_rows(old)["refused"]) == ("abandoned", "", 1)
        assert apply_retention(now=now)["agent_imports"] == 0
        assert AgentImport.objects.count() == 2
