"""The arithmetic of a value file."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscriptions.value.assumptions import Assumptions, Cost, Every, Gain, Quality, Risk, Whom
from subscriptions.value.figures import cumulated, figures, net_present, payback_of

cents = st.integers(0, 5_000_000)
quantities = st.decimals("0.25", 400, places=2)
supposed = st.builds(
    Assumptions,
    years=st.integers(1, 10),
    rate=st.decimals(0, 20, places=2),
    first_cents=cents,
    later_cents=cents,
    necessity=st.integers(0, 5),
    costs=st.lists(
        st.builds(
            Cost, label=st.just("c"), quantity=quantities, unit_cents=cents, every=st.sampled_from(Every)
        ),
        max_size=3,
    ).map(tuple),
    gains=st.lists(
        st.builds(Gain, label=st.just("g"), quantity=quantities, unit_cents=cents), max_size=3
    ).map(tuple),
    risks=st.lists(
        st.builds(Risk, label=st.just("r"), probability=st.integers(1, 4), impact=st.integers(1, 4)),
        max_size=3,
    ).map(tuple),
)


def case(**others) -> Assumptions:
    """300 € once, 600 € then 500 € a year, 1 000 € saved a year, over three years, without discount."""
    return Assumptions(
        **{
            "years": 3, "rate": 0, "first_cents": 60_000, "later_cents": 50_000,
            "costs": (Cost(label="Formation", quantity=2, unit_cents=15_000, every=Every.ONCE),),
            "gains": (Gain(label="Saisie", quantity=40, unit_cents=2_500),),
        }
        | others
    )  # fmt: skip


def test_a_case_by_hand():
    found = figures(case())
    assert [year.net_cents for year in found.years] == [10_000, 50_000, 50_000]
    assert (found.once_cents, found.total_cost_cents, found.total_gain_cents) == (30_000, 190_000, 300_000)
    assert found.net_present_cents == 110_000
    # 300 € are recovered by 400/12 € a month: nine months.
    assert (found.balance[0], found.balance[8], found.balance[9]) == (-30_000, -3_334, 0)
    assert found.payback_months == 9


def test_discounting_by_hand():
    # 100 paid, 110 a year later at 10 %: worth nothing; and a rate of 3.2 % on three years of 1 000 €.
    assert net_present(once_cents=10_000, flows=[11_000], rate=Decimal(10)) == 0
    assert net_present(once_cents=0, flows=[100_000] * 3, rate=Decimal("3.2")) == 281_777


@pytest.mark.parametrize(
    ("balance", "month"),
    [
        ((-10, -5, 0, 5), 2),
        ((-10, -5, -1), None),
        ((0, -1, -2), None),  # nothing invested, and it costs more than it brings
        ((0, 1, 2), 1),
        ((-5, 1, -1, 2), 3),  # what sinks again is not paid back
    ],
)
def test_payback(balance, month):
    assert payback_of(balance) == month


@given(supposed)
def test_at_no_rate_the_present_value_is_the_sum(one):
    found = figures(one.model_copy(update={"rate": Decimal(0)}))
    total = sum(year.net_cents for year in found.years)
    assert found.net_present_cents == total == found.balance[-1] == cumulated(found.years)[-1]
    assert total == found.total_gain_cents - found.total_cost_cents


@given(supposed)
def test_payback_is_the_first_month_that_stays_above(one):
    found = figures(one)
    stays = [
        month for month in range(1, len(found.balance)) if all(later >= 0 for later in found.balance[month:])
    ]
    assert found.payback_months == min(stays, default=None)
    assert len(found.balance) == 12 * one.years + 1


@given(supposed)
def test_a_higher_rate_never_makes_later_gains_worth_more(one):
    flows = [year.gains_cents for year in figures(one).years]
    low, high = (net_present(once_cents=0, flows=flows, rate=rate) for rate in (one.rate, one.rate + 1))
    assert high <= low


@given(supposed)
def test_grades_stay_on_their_scale(one):
    for axis in figures(one).axes:
        assert axis.grade is None or 0 <= axis.grade <= 5


def test_the_axes_of_a_case():
    found = figures(
        case(
            necessity=4,
            qualities=(
                Quality(label="Moins de saisie", whom=Whom.AGENTS, grade=4),
                Quality(label="Erreurs", whom=Whom.AGENTS, grade=3),
            ),
            risks=(
                Risk(label="Reprise", probability=2, impact=3),
                Risk(label="Départ", probability=1, impact=4),
            ),
        )
    )
    assert {axis.name: axis.grade for axis in found.axes} == {
        "Rentabilité": 5,
        "Nécessité": 4,
        "Bénéfices internes": Decimal("3.5"),
        "Bénéfices externes": None,
        "Maîtrise des risques": Decimal("3.7"),
    }


def test_profitability_loses_a_point_a_year_and_is_not_graded_without_gains():
    grades = {
        years: figures(
            case(
                years=10, first_cents=0, later_cents=0,
                costs=(Cost(label="x", unit_cents=years * 100_000, every=Every.ONCE),),
            )
        ).axes[0].grade
        for years in (1, 2, 3, 4, 5, 9, 11)
    }  # fmt: skip
    assert grades == {1: 5, 2: 4, 3: 3, 4: 2, 5: 1, 9: 1, 11: 0}
    assert figures(case(gains=())).axes[0].grade is None
