"""A service with its options costs what it and they cost, in whatever order they were chosen."""

from hypothesis import given
from hypothesis import strategies as st

from catalog.pricing import Quote, with_options

from .strategies import every_grid, others
from .test_more_properties import answer
from .test_properties import people


@given(every_grid, st.lists(every_grid, max_size=4), people, others, st.randoms())
def test_the_total_is_the_sum_whatever_the_order(base, options, count, known, random):
    base, *quotes = [answer(grid, count, **known) for grid in (base, *options)]
    if not isinstance(base, Quote):
        return
    chosen = [
        (f"option-{rank}", (f"Option {rank}", quote))
        for rank, quote in enumerate(quotes)
        if isinstance(quote, Quote)
    ]
    whole = with_options(base, dict(chosen))
    assert whole.total_cents == base.total_cents + sum(quote.total_cents for _, (_, quote) in chosen)
    assert len({line.code for line in whole.lines}) == len(whole.lines)
    assert all(len(line.code) <= 40 for line in whole.lines)  # a column of the ledger
    random.shuffle(chosen)
    assert with_options(base, dict(chosen)) == whole
    assert with_options(base, {}) == base
