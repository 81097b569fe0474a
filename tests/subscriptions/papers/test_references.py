"""Who decides, and on what the papers rest: by vehicle, by kind of body, by amount."""

from datetime import date

import pytest

from subscriptions.deciding import Decider, may_decide, rule
from subscriptions.models import LegalBasis, Threshold, ThresholdCode
from subscriptions.papers.references import BASES, body_sight, what_applies
from subscriptions.thresholds import in_force
from tenants.models import Organisation
from tenants.models.organisation import OrganisationKind

ASSEMBLY, HEAD = [Decider.ASSEMBLY], [Decider.ASSEMBLY, Decider.HEAD]
# Who may decide, by legal basis: (in a commune, in an EPCI, in a syndicat).
TABLE = {
    LegalBasis.GROUPEMENT: (ASSEMBLY, HEAD, HEAD),  # the one thing a council cannot delegate to its mayor
    LegalBasis.CENTRALE: (HEAD, HEAD, HEAD),
    LegalBasis.FRAMEWORK: (HEAD, HEAD, HEAD),
    LegalBasis.IN_HOUSE: (HEAD, HEAD, HEAD),
    LegalBasis.DIRECT: (HEAD, HEAD, HEAD),
    LegalBasis.STATUTORY: (HEAD, HEAD, HEAD),
}
KINDS = (OrganisationKind.COMMUNE, OrganisationKind.EPCI, OrganisationKind.SYNDICAT)

# The thresholds of 21 November 2026, in euros, without a database.
NOVEMBER = {
    code: Threshold(code=code, amount_cents=euros * 100, in_force_from=since, source="November 2026")
    for code, euros, since in (
        (ThresholdCode.DIRECT, 60_000, date(2026, 4, 1)),
        (ThresholdCode.DOCUMENTS, 60_000, date(2026, 4, 1)),
        (ThresholdCode.ADVERTISING, 90_000, date(2020, 1, 1)),
        (ThresholdCode.EU, 216_000, date(2026, 1, 1)),
        (ThresholdCode.ADVANCE, 50_000, date(2019, 4, 1)),
        (ThresholdCode.ESSENTIAL_DATA, 40_000, date(2024, 1, 1)),
    )
}
TENDER = {"R2122-8", "L2123-1", "L2124-1", "R2131-12", "R2131-16", "R2132-2"}


@pytest.mark.parametrize("basis", LegalBasis)
def test_the_table_of_who_decides(basis):
    assert [list(rule(basis=basis, kind=kind).deciders) for kind in KINDS] == [
        list(row) for row in TABLE[basis]
    ]


@pytest.mark.parametrize("basis", LegalBasis)
@pytest.mark.parametrize("kind", OrganisationKind)
def test_an_operator_may_want_a_deliberation_always(basis, kind):
    found = may_decide(basis=basis, kind=kind, deliberation_required=True)
    assert found.deciders == (Decider.ASSEMBLY,)
    assert found.why


@pytest.mark.parametrize(
    ("kind", "category", "assembly", "head"),
    [
        (OrganisationKind.COMMUNE, "7210", "article L2121-29 ;", "articles L2122-22, 4° et L2122-23 ;"),
        (OrganisationKind.EPCI, "7346", "articles L5211-1 et L2121-29 ;", "article L5211-10 ;"),
        (OrganisationKind.SYNDICAT, "7353", "articles L5211-1 et L2121-29 ;", "article L5211-10 ;"),
        (OrganisationKind.SYNDICAT, "7354", "L5711-1, L5211-1 et L2121-29 ;", "L5711-1 et L5211-10 ;"),
        (OrganisationKind.SYNDICAT, "7355", "L5721-1 et suivants", "les statuts du syndicat ;"),
        (OrganisationKind.DEPARTEMENT, "7220", "article L3211-1 ;", "article L3221-11 ;"),
        (OrganisationKind.REGION, "7230", "article L4221-1 ;", "article L4231-8 ;"),
        (OrganisationKind.CCAS, "7361", "article R123-20 ;", "article R123-21 ;"),
        (OrganisationKind.GIP, "7410", "les statuts qui régissent", "les statuts qui régissent"),
    ],
)
def test_each_kind_of_body_has_its_own_text(kind, category, assembly, head):
    body = Organisation(kind=kind, legal_category=category)
    assert assembly in body_sight(body, by_head=False)
    assert head in body_sight(body, by_head=True)


@pytest.mark.parametrize("basis", LegalBasis)
def test_every_basis_has_its_text(basis):
    assert BASES[basis].format(operator="Arnel", vehicle="G").endswith(";")


def cited(basis, euros, **others) -> set[str]:
    said = " ".join(what_applies(basis=basis, amount_cents=euros * 100, thresholds=NOVEMBER, **others))
    assert "None" not in said
    return {
        article
        for article in (*TENDER, "L2511-1", "L2113-4", "R2162-13", "R2121-1 ", "R2121-6", "R2121-8",
                        "R2191-3", "R2196-1")
        if article in said.replace(")", " ")
    }  # fmt: skip


@pytest.mark.parametrize(
    ("euros", "articles"),
    [
        (1_000, {"R2122-8"}),
        (39_999, {"R2122-8"}),
        (40_000, {"R2122-8", "R2196-1"}),
        (50_000, {"R2122-8", "R2196-1"}),  # an advance is due above, not at
        (50_001, {"R2122-8", "R2196-1", "R2191-3"}),
        (59_999, {"R2122-8", "R2196-1", "R2191-3"}),
        (60_000, {"L2123-1", "R2131-12", "R2132-2", "R2196-1", "R2191-3"}),
        (90_000, {"L2123-1", "R2131-12", "R2132-2", "R2196-1", "R2191-3"}),
        (216_000, {"L2124-1", "R2131-16", "R2132-2", "R2196-1", "R2191-3"}),
    ],
)
def test_a_direct_purchase_by_amount(euros, articles):
    assert cited(LegalBasis.DIRECT, euros) == articles


def test_between_two_thresholds_the_notice_is_said():
    free, notice = (
        " ".join(what_applies(basis=LegalBasis.DIRECT, amount_cents=euros * 100, thresholds=NOVEMBER))
        for euros in (89_999, 90_000)
    )
    assert "dont l’acheteur choisit les modalités" in free
    assert "BOAMP" not in free
    assert "BOAMP ou dans un journal d’annonces légales" in notice


def test_needs_of_one_kind_are_counted_together():
    assert cited(LegalBasis.DIRECT, 1_000, already_cents=5_900_000) >= {"R2121-6", "L2123-1"}
    assert cited(LegalBasis.DIRECT, 999, already_cents=5_900_000) >= {"R2121-6", "R2122-8"}


@pytest.mark.parametrize(
    ("basis", "always"),
    [
        (LegalBasis.IN_HOUSE, {"L2511-1"}),
        (LegalBasis.STATUTORY, set()),
        (LegalBasis.CENTRALE, {"L2113-4"}),
    ],
)
def test_where_no_amount_asks_for_a_tender(basis, always):
    for euros in (1_000, 60_000, 300_000):
        found = cited(basis, euros)
        assert found - {"R2191-3"} == always
        # An in-house contract and a contribution set by statutes are outside the rules of advances.
        assert ("R2191-3" in found) == (basis == LegalBasis.CENTRALE and euros > 50_000)


def test_a_grouping_says_what_the_share_alone_would_ask():
    assert cited(LegalBasis.GROUPEMENT, 1_000) == {"R2121-1 ", "R2122-8"}
    assert cited(LegalBasis.GROUPEMENT, 216_000) == {"R2121-1 ", "L2124-1", "R2131-16", "R2191-3"}


def test_a_framework_is_measured_at_its_maximum():
    found = cited(LegalBasis.FRAMEWORK, 1_000, ceiling_cents=40_000_000)
    assert found == {"R2121-8", "L2124-1", "R2131-16", "R2162-13"}
    assert cited(LegalBasis.FRAMEWORK, 1_000) == {"R2162-13"}


@pytest.mark.django_db
def test_the_threshold_told_is_the_one_of_the_day():
    for day, told in ((date(2026, 3, 31), "40\u202f000,00"), (date(2026, 4, 1), "60\u202f000,00")):
        rows = in_force(on=day)
        said = " ".join(what_applies(basis=LegalBasis.DIRECT, amount_cents=100_000, thresholds=rows))
        assert f"en dessous de {told}\u00a0€ HT" in said
    assert "1er avril 2026" in said
    assert {code: rows[code].amount_cents for code in rows} == {
        code: row.amount_cents for code, row in NOVEMBER.items()
    }


def test_a_day_before_every_row_invents_nothing():
    said = what_applies(basis=LegalBasis.DIRECT, amount_cents=10**9, thresholds={})
    assert not any(sign in " ".join(said) for sign in ("dessous de", "à partir de"))
