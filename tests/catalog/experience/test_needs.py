"""The needs board: expressed by members, joined once, answered, closed."""

import pytest

from catalog.experience import needs as board
from catalog.experience.queries import needs
from catalog.models import NeedState, NeedSupport
from tenants.models import Letter
from tenants.tenancy import tenant_scope
from tests.factories import (
    AdhesionFactory,
    NeedFactory,
    OrganisationFactory,
    ServiceSheetFactory,
    UserFactory,
)
from tests.factories.base import NOW
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db


@pytest.fixture
def member():
    adhesion = AdhesionFactory()
    with tenant_scope([adhesion.organisation_id, adhesion.operator.organisation_id]):
        yield adhesion


def express(member, **changes):
    said = {"title": " Louer  des salles ", "description": "En ligne.", "family": "website", **changes}
    return board.express(
        operator=member.operator, organisation=member.organisation, by=UserFactory(), now=NOW, **said
    )


def test_a_member_s_need_is_on_the_board(member):
    need = express(member)
    assert (need.title, need.state) == ("Louer des salles", NeedState.OPEN)
    assert list(needs(operator=member.operator)) == [need]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"title": " "}, "title"), ({"title": "x" * 161}, "title"), ({"description": ""}, "description"),
     ({"family": "inconnue"}, "family")],
)  # fmt: skip
def test_what_cannot_be_kept_names_its_field(member, wrong, field):
    with pytest.raises(board.NeedRefused) as refusal:
        express(member, **wrong)
    assert refusal.value.field == field


def test_only_members_express_and_join(member):
    stranger = OrganisationFactory()
    need = express(member)
    with tenant_scope([stranger.pk]):
        with pytest.raises(board.NeedRefused, match="n’adhère pas"):
            board.join(need=need, organisation=stranger, by=UserFactory(), now=NOW)
        with pytest.raises(board.NeedRefused, match="n’adhère pas"):
            board.express(
                operator=member.operator, organisation=stranger, title="x", description="y", family="",
                by=UserFactory(), now=NOW,
            )  # fmt: skip


def test_joining_twice_is_joining_once_and_the_most_wanted_come_first(member):
    need, wanted = express(member), NeedFactory(operator=member.operator)
    for _ in range(2):
        board.join(need=wanted, organisation=member.organisation, by=UserFactory(), now=NOW)
    assert NeedSupport.objects.count() == 1
    found = list(needs(operator=member.operator, reader=member.organisation))
    assert [(one.pk, one.joined, one.mine) for one in found] == [(wanted.pk, 1, True), (need.pk, 0, False)]
    board.leave(need=wanted, organisation=member.organisation, by=UserFactory(), now=NOW)
    assert not NeedSupport.objects.exists()


def test_its_author_does_not_join_it(member):
    with pytest.raises(board.NeedRefused, match="C’est votre collectivité"):
        board.join(need=express(member), organisation=member.organisation, by=UserFactory(), now=NOW)


def test_an_answer_moves_the_need_and_tells_its_author():
    need = NeedFactory(written_by__email="odile@mairie.example")
    sheet = ServiceSheetFactory()
    vendor = sheet.vendor.organisation
    with tenant_scope([vendor.pk]):
        board.answer(
            need=need, organisation=vendor, text="Nous le faisons.", sheet=sheet, by=UserFactory(), now=NOW
        )
        foreign = ServiceSheetFactory()
        with pytest.raises(board.NeedRefused, match="un de vos services"):
            board.answer(need=need, organisation=vendor, text="x", sheet=foreign, by=UserFactory(), now=NOW)
    need.refresh_from_db()
    assert need.state == NeedState.ANSWERED
    with as_worker():
        assert Letter.objects.get(tenant=need.organisation).to == "odile@mairie.example"


def test_a_closed_need_takes_nothing_more(member):
    need = express(member)
    with pytest.raises(board.NeedRefused):
        board.close(need=need, organisation=OrganisationFactory(), reason="x", by=UserFactory(), now=NOW)
    with pytest.raises(board.NeedRefused) as refusal:
        board.close(need=need, organisation=member.organisation, reason=" ", by=UserFactory(), now=NOW)
    assert refusal.value.field == "reason"
    operator = member.operator.organisation
    board.close(need=need, organisation=operator, reason="Trouvé.", by=UserFactory(), now=NOW)
    with pytest.raises(board.NeedRefused, match="clos"):
        board.answer(need=need, organisation=operator, text="x", sheet=None, by=UserFactory(), now=NOW)
    with pytest.raises(board.NeedRefused):
        board.close(need=need, organisation=operator, reason="Encore.", by=UserFactory(), now=NOW)
    assert list(needs(operator=member.operator)) == []


def test_of_two_who_close_at_once_the_second_is_told(member):
    need = express(member)
    stale = needs().get(pk=need.pk)
    board.close(need=need, organisation=member.organisation, reason="Trouvé.", by=UserFactory(), now=NOW)
    with pytest.raises(board.NeedRefused, match="quelqu’un d’autre"):
        board.close(need=stale, organisation=member.organisation, reason="Trouvé.", by=UserFactory(), now=NOW)
