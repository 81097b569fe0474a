"""Tariffs of an operator: the list, a draft from a pattern to its publication, its simulation."""

import re

import pytest
from django.urls import reverse
from django.utils.timezone import localdate

from catalog.grids.operations import fingerprint
from catalog.models import GridState, PriceGrid
from tenants.models import Role
from tests.factories import (
    AdhesionFactory,
    CollegeFactory,
    ListingFactory,
    OrganisationFactory,
    PriceGridFactory,
    succeeding_grid,
)
from tests.tools import jobs
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db

STRATA = {
    "pattern": "flat_by_stratum",
    "measure": "inhabitants",
    "population_kind": "municipale",
    "strata": [{"upper": 1000, "amount": "120"}, {"lower": 1001, "amount": "480"}],
}


@pytest.fixture
def curator(operator, sign_in):
    return sign_in(Role.CURATOR, operator)


@pytest.fixture
def listing(operator):
    return ListingFactory(operator=operator, sheet__name="Cantine")


def url(name, operator, *args):
    return reverse(name, args=[operator.slug, *args])


def text(answer) -> str:
    return answer.content.decode().replace("\u00a0", " ").replace("\u202f", " ")


def draft_of(listing, **fields) -> PriceGrid:
    return PriceGridFactory(
        listing=listing,
        state=GridState.DRAFT,
        effective_from=localdate().replace(year=localdate().year + 1, month=1, day=1),
        **fields,
    )


def typed_in(page: str) -> dict:
    """Every field of the editor's form, as a browser would send it back."""
    form = re.search(r'<form class="halle-form" method="post" id="bareme".*?</form>', page, re.S)[0]
    sent = {}
    for tag in re.findall(r"<input [^>]*>", form):
        name = re.search(r' name="([^"]*)"', tag)
        value = re.search(r' value="([^"]*)"', tag)
        if name and 'type="submit"' not in tag:
            sent[name[1]] = value[1] if value else ""
    for name, options in re.findall(r'<select [^>]*?name="([^"]*)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.search(r'<option value="([^"]*)" selected', options) or re.search(
            r'<option value="([^"]*)"', options
        )
        sent[name] = chosen[1]
    sent.pop("csrfmiddlewaretoken", None)
    return sent


def test_every_page_of_a_version_opens(operator, curator, listing):
    draft = draft_of(listing, definition=STRATA)
    for name, arguments in (
        ("operator_grids", []),
        ("operator_listing_grids", [listing.pk]),
        ("operator_grid_new", [listing.pk]),
        ("operator_grid", [draft.pk]),
        ("operator_grid_edit", [draft.pk]),
        ("operator_grid_publish", [draft.pk]),
    ):
        page = text(curator.get(url(name, operator, *arguments)))
        assert "Cantine" in page, name


def test_from_a_pattern_to_the_publication(operator, curator, listing):
    answer = curator.post(url("operator_grid_new", operator, listing.pk), {"start": "per_inhabitant"})
    draft = PriceGrid.objects.get(state=GridState.DRAFT)
    assert answer.url == url("operator_grid_edit", operator, draft.pk)
    sent = typed_in(text(curator.get(answer.url)))
    assert sent["g.f.population_kind"] == operator.population_kind
    sent |= {"g.f.rate": "0,40 €", "g.f.cap": "1 501", "action": "enregistrer"}
    answer = curator.post(url("operator_grid_edit", operator, draft.pk), sent)
    assert answer.url == url("operator_grid", operator, draft.pk)
    draft.refresh_from_db()
    assert draft.definition == {
        "pattern": "per_inhabitant",
        "population_kind": operator.population_kind,
        "rate": "0.40",
        "cap": "1501",
    }
    page = text(curator.get(answer.url))
    assert "0,40 € par habitant" in page
    assert "Pas encore simulé" in page
    page = text(curator.get(url("operator_grid_publish", operator, draft.pk)))
    seen = re.search(r'name="seen" value="(\w+)"', page)[1]
    answer = curator.post(url("operator_grid_publish", operator, draft.pk), {"seen": seen}, follow=True)
    assert "Le tarif est publié" in text(answer)
    draft.refresh_from_db()
    assert draft.state == GridState.PUBLISHED


def edited(client, draft, **typed):
    """The editor sent with what was typed over what it shows."""
    address = url("operator_grid_edit", draft.listing.operator, draft.pk)
    return client.post(address, typed_in(text(client.get(address))) | {"action": "enregistrer"} | typed)


def test_what_was_typed_is_kept_beside_its_mistake(curator, listing):
    draft = draft_of(listing, definition=STRATA)
    page = text(
        edited(curator, draft, **{"g.r.0.upper": "mille", "g.r.1.amount": "4,8,0", "vat_rate": "vingt"})
    )
    for words in (
        "Erreur : ",
        'value="mille"',
        "« mille » n’est pas un nombre entier",
        'value="4,8,0"',
        "« 4,8,0 » n’est pas un montant",
        'value="vingt"',
        "Écrivez un taux",
        'href="#g-r-0-upper"',
    ):
        assert words in page, words
    draft.refresh_from_db()
    assert draft.definition == STRATA


def test_a_hole_between_strata_is_refused_in_place(curator, listing):
    draft = draft_of(listing, definition=STRATA)
    page = text(edited(curator, draft, **{"g.r.1.lower": "1 201"}))
    assert "Aucune strate ne couvre 1 001 à 1 200 habitants" in page
    assert "Rien n’est prévu avant cette strate, à partir de 1 001 habitants" in page


def test_buttons_that_only_change_the_form(curator, listing):
    draft = draft_of(listing, definition=STRATA)
    page = text(edited(curator, draft, action="lignes:g"))
    assert 'name="g.r.5.upper"' in page
    page = text(edited(curator, draft, **{"g.pattern": "by_member_type", "action": "modele:g"}))
    assert 'name="g.e.0.key"' in page
    page = text(edited(curator, draft, action="prix-public"))
    assert 'name="l.r.0.upper"' in page
    for action in ("lignes:l", "ajouter:g.e.9.g", "retirer:g.e.77", "retirer:", "n’importe quoi", "verifier"):
        assert edited(curator, draft, action=action).status_code == 200
    draft.refresh_from_db()
    assert (draft.definition, draft.list_definition) == (STRATA, None)


def test_one_grid_for_each_college(operator, curator, listing):
    CollegeFactory(operator=operator, name="Communes rurales")
    draft = draft_of(listing, definition=STRATA)
    page = text(edited(curator, draft, **{"g.pattern": "by_college", "action": "modele:g"}))
    assert "Communes rurales" in page
    answer = edited(
        curator,
        draft,
        **{
            "g.pattern": "by_college",
            "g.was": "by_college",
            "g.e.0.key": "Communes rurales",
            "g.e.0.g.pattern": "per_inhabitant",
            "g.e.0.g.was": "per_inhabitant",
            "g.e.0.g.f.population_kind": "totale",
            "g.e.0.g.f.rate": "0,3",
        },
    )
    assert answer.status_code == 302
    draft.refresh_from_db()
    assert draft.definition["colleges"]["Communes rurales"]["rate"] == "0.3"
    assert "Collège « Communes rurales »" in text(curator.get(answer.url))


def test_two_curators_on_the_same_draft(operator, curator, sign_in, listing):
    draft = draft_of(listing, definition=STRATA)
    address = url("operator_grid_edit", operator, draft.pk)
    mine = typed_in(text(curator.get(address))) | {"action": "enregistrer", "note": "la mienne"}
    edited(sign_in(Role.OPERATOR_ADMIN, operator), draft, note="la sienne")
    answer = curator.post(address, mine)
    assert "Quelqu’un d’autre a enregistré ce brouillon" in text(answer)
    assert 'value="la mienne"' in text(answer)
    again = typed_in(text(answer)) | {"action": "enregistrer"}
    assert curator.post(address, again).status_code == 302
    draft.refresh_from_db()
    assert draft.note == "la mienne"


def test_the_preview_tells_where_the_price_jumps(operator, curator, listing):
    draft = draft_of(listing, definition=STRATA)
    address = url("operator_grid_preview", operator, draft.pk)
    sent = typed_in(text(curator.get(url("operator_grid_edit", operator, draft.pk))))
    page = text(curator.post(address, sent | {"g.r.1.amount": "90"}))
    assert "de 1 000 à 1 001 habitants, le prix baisse de 30,00 €" in page
    assert "<svg" in page
    assert "style=" not in page
    assert "Complétez le barème" in text(curator.post(address, sent | {"g.r.1.amount": "x"}))


def test_a_falling_price_is_published_only_if_wanted(operator, curator, listing):
    falling = {**STRATA, "strata": [{"upper": 1000, "amount": "500"}, {"lower": 1001, "amount": "300"}]}
    draft = draft_of(listing, definition=falling)
    address = url("operator_grid_publish", operator, draft.pk)
    seen = re.search(r'name="seen" value="(\w+)"', text(curator.get(address)))[1]
    page = text(curator.post(address, {"seen": seen}))
    assert "Le tarif n’est pas publié" in page
    assert "le prix baisse de 200,00 €" in page
    assert curator.post(address, {"seen": seen, "accept_lowering": "oui"}).status_code == 302


def test_a_version_to_come_is_withdrawn(operator, curator, listing):
    draft = draft_of(listing)
    address = url("operator_grid_publish", operator, draft.pk)
    seen = re.search(r'name="seen" value="(\w+)"', text(curator.get(address)))[1]
    curator.post(address, {"seen": seen})
    assert "Retirer ce tarif" in text(curator.get(url("operator_grid", operator, draft.pk)))
    page = text(curator.post(url("operator_grid_withdraw", operator, draft.pk), follow=True))
    assert "Le tarif est retiré" in page
    page = text(curator.post(url("operator_grid_delete", operator, draft.pk), follow=True))
    assert "vient d’être publié ou supprimé" in page


def test_finance_reads_and_changes_nothing(operator, sign_in, listing):
    draft = draft_of(listing)
    finance = sign_in(Role.OPERATOR_FINANCE, operator)
    page = text(finance.get(url("operator_grid", operator, draft.pk)))
    assert "0,30 € par habitant" in page
    assert "Publier" not in page
    assert "Préparer" not in text(finance.get(url("operator_listing_grids", operator, listing.pk)))


def test_a_new_version_from_another_service(operator, curator, listing):
    other = ListingFactory(operator=operator, grid__flat=True, sheet__name="Autre service")
    stranger = ListingFactory()
    address = url("operator_grid_new", operator, listing.pk)
    assert "Autre service" in text(curator.get(address))
    for pk in ("", str(stranger.grids.get().pk), "x"):
        page = text(curator.post(address, {"start": "autre", "other": pk}))
        assert "Choisissez le service" in page
    assert "Choisissez d’où partir" in text(curator.post(address, {"start": "rien"}))
    curator.post(address, {"start": "autre", "other": str(other.grids.get().pk)})
    assert listing.grids.get(state=GridState.DRAFT).definition == other.grids.get().definition


def simulate(client, draft) -> str:
    """The address of the simulation's page."""
    return client.post(url("operator_grid_simulate", draft.listing.operator, draft.pk)).url


def test_a_simulation_followed_read_and_taken_away(operator, curator, listing):
    for name, population in (("Petitbourg", 300), ("Grandville", 30_000)):
        AdhesionFactory(
            operator=operator,
            organisation=OrganisationFactory(territory__name=name, territory__population=population),
        )
    draft = draft_of(
        listing,
        definition={
            "pattern": "per_inhabitant",
            "population_kind": "municipale",
            "rate": "0.30",
            "minimum": "120",
            "cap": "5000",
        },
    )
    address = simulate(curator, draft)
    waiting = text(curator.get(address))
    assert "0 sur 2 adhérents" in waiting
    assert 'hx-trigger="every 2s"' in waiting
    assert jobs.run_jobs() == ["catalog.tasks.run_simulation"]
    page = text(curator.get(address))
    for words in (
        "Petitbourg",
        "+30,00 €",
        "Grandville",
        "−4 000,00 €",
        "Paient plus (1)",
        "Paient moins (1)",
    ):
        assert words in page, words
    assert "Petitbourg" not in text(curator.get(address, {"etat": "moins"}))
    assert "Aucun adhérent ici" in text(curator.get(address, {"abonnes": "oui"}))
    assert "Grandville" not in text(curator.get(address, {"q": "petit"}))
    content = curator.get(f"{address}membres.csv", {"etat": "plus"}).content.decode("utf-8-sig")
    assert content.splitlines()[1].endswith(";300;non;90,00;120,00;30,00;")
    assert len(content.splitlines()) == 2
    edited(curator, draft, **{"g.f.minimum": "150"})
    assert "Simulation dépassée" in text(curator.get(address))
    assert "refaites-la" in text(curator.get(url("operator_grid", operator, draft.pk)))


def test_an_incomplete_draft_is_not_simulated(operator, curator, listing):
    draft = draft_of(listing, definition={"pattern": "per_inhabitant"})
    address = url("operator_grid_simulate", operator, draft.pk)
    assert "encore incomplet" in text(curator.post(address, follow=True))


def test_queries_of_the_lists(operator, curator, listing, snapshot):
    ListingFactory.create_batch(3, operator=operator)
    draft = draft_of(listing)
    for _ in range(4):
        AdhesionFactory(operator=operator)
    address = simulate(curator, draft)
    jobs.run_jobs()
    with snapshot_queries(snapshot(name="tariffs")):
        curator.get(url("operator_grids", operator))
    with snapshot_queries(snapshot(name="versions")):
        curator.get(url("operator_listing_grids", operator, listing.pk))
    with snapshot_queries(snapshot(name="simulation")):
        curator.get(address)


def test_the_service_shows_what_is_saved_and_what_comes(operator, client):
    dearer = {"pattern": "per_inhabitant", "population_kind": "municipale", "rate": "0.40"}
    listing = ListingFactory(operator=operator, grid__list_definition=dearer)
    commune = OrganisationFactory(territory__population=1000).territory
    succeeding_grid(
        listing, effective_from=localdate().replace(year=localdate().year + 1, month=1, day=1), flat=True
    )
    address = reverse("service", args=[operator.slug, listing.sheet.slug])
    page = text(client.get(address, {"insee": commune.code}))
    for words in (
        "Prix public 480,00 € : vous économisez 25 %",
        "0,30 € par habitant",
        "À partir du 1er janvier",
        "Jusqu’à 1 000 habitants : 120,00 €",
        "Le tarif public de l’éditeur",
    ):
        assert words in page, words


def test_an_option_has_a_tariff_of_its_own(operator, curator, client):
    listing = ListingFactory(operator=operator, sheet__options=[{"code": "sms", "name": "Messages"}])
    address = url("operator_grid_new", operator, listing.pk)
    assert "L’option « Messages »" in text(curator.get(address))
    assert "Choisissez une option" in text(
        curator.post(address, {"start": "per_inhabitant", "option": "fax"})
    )
    curator.post(address, {"start": "fixed_plus_variable", "option": "sms"})
    draft = listing.grids.get(state=GridState.DRAFT)
    answer = edited(curator, draft, **{"g.f.fixed": "60", "g.f.rate": "0"})
    assert answer.status_code == 302
    draft.refresh_from_db()
    curator.post(url("operator_grid_publish", operator, draft.pk), {"seen": fingerprint(draft)})
    assert "Option Messages" in text(curator.get(url("operator_listing_grids", operator, listing.pk)))
    page = text(client.get(reverse("service", args=[operator.slug, listing.sheet.slug])))
    assert "En option : Messages" in page
    assert "Part fixe : 60,00 €" in page


def test_who_publishes_a_grid_without_any_price_is_told(operator, curator, listing):
    counted = draft_of(listing, definition={"pattern": "per_unit", "unit": "workstation", "unit_price": "12"})
    page = text(curator.get(url("operator_grid_publish", operator, counted.pk)))
    assert "Vos adhérents ne verront pas de prix" in page
    priced = draft_of(listing, definition=STRATA)
    assert "ne verront pas" not in text(curator.get(url("operator_grid_publish", operator, priced.pk)))


def test_a_free_trial_is_typed_with_the_tariff(curator, listing):
    draft = draft_of(listing, definition=STRATA)
    for wrong, said in (("un mois", "nombre entier de jours"), ("93", "de 1 à 92"), ("0", "de 1 à 92")):
        page = text(edited(curator, draft, trial_days=wrong))
        assert said in page
        assert f'value="{wrong}"' in page
    answer = edited(curator, draft, trial_days="30")
    assert "30 jours" in text(curator.get(answer.url))
    draft.refresh_from_db()
    assert draft.trial_days == 30
    option = draft_of(listing, definition=STRATA, option="sms")
    assert edited(curator, option, trial_days="30").status_code == 302
    option.refresh_from_db()
    assert option.trial_days is None


def test_a_rhythm_is_typed_with_the_tariff_and_told_to_members(operator, curator, client, listing):
    draft = draft_of(listing, definition=STRATA)
    answer = edited(
        curator, draft, rhythm_period="quarter", rhythm_due="arrears", rhythm_anchor="subscription",
        rhythm_proration="day",
    )  # fmt: skip
    said = "Facturé par trimestre à compter de l’ouverture du service, à terme échu"
    assert said in text(curator.get(answer.url))
    draft.refresh_from_db()
    chosen = {"period": "quarter", "due": "arrears", "anchor": "subscription", "proration": "day"}
    assert draft.definition["rhythm"] == chosen
    # What is saved is shown again, and taken back where the operator's own runs decide.
    assert edited(curator, draft).status_code == 302
    draft.refresh_from_db()
    assert draft.definition["rhythm"] == chosen
    curator.post(url("operator_grid_publish", operator, draft.pk), {"seen": fingerprint(draft)})
    another = draft_of(listing, definition=draft.definition)
    assert edited(curator, another, rhythm_period="").status_code == 302
    another.refresh_from_db()
    assert "rhythm" not in another.definition
    assert "usage" not in another.definition
    sms = {"usage_name": "SMS", "usage_unit": "sms", "usage_unit_price": "0,05"}
    for wrong, told in (
        (sms | {"usage_unit": "Les SMS"}, "sorte d’unité"),
        (sms | {"usage_unit_price": "cinq"}, "cinq"),
    ):
        assert told in text(edited(curator, another, **wrong))
    assert edited(curator, another, **sms, usage_included="1 000").status_code == 302
    answer = edited(curator, another)
    assert "SMS : 1 000 compris par mois, puis 0,05 € l’unité" in text(curator.get(answer.url))
    another.refresh_from_db()
    assert another.definition["usage"] == [
        {"unit": "sms", "name": "SMS", "plural": "SMS", "unit_price": "0.05", "included": 1000}
    ]
    page = text(edited(curator, another, rhythm_period="week"))
    assert "Rythme des factures : " in page
    option = draft_of(listing, definition=STRATA, option="sms")
    assert "Rythme des factures" not in text(curator.get(url("operator_grid_edit", operator, option.pk)))
