"""Tariffs of an operator: the list, a draft from a pattern to its publication, its simulation."""

import re

import pytest
from django.urls import reverse
from django.utils.timezone import localdate

from catalog.models import GridState, PriceGrid
from tenants.models import Role
from tests.factories import (
    ListingFactory,
    PriceGridFactory,
)

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
