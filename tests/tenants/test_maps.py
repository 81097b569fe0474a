"""Outlines of communes: neighbours keep a common border, few points, and every living commune is drawn."""

from hypothesis import given
from hypothesis import strategies as st

from tenants.maps import outlines
from tenants.maps.simplifying import simplified

# Two fields side by side, their border wavy; a third closes the corner.
wavy = st.lists(st.integers(-3, 3), min_size=2, max_size=12)


@given(wavy, st.floats(0, 6))
def test_neighbours_keep_their_border_in_common(waves, tolerance):
    border = [(100 + wave, 10 * (row + 1)) for row, wave in enumerate(waves)]
    top = 10 * (len(waves) + 1)
    left = [(0, 0), (100, 0), *border, (100, top), (0, top)]
    right = [(200, 0), (200, top), (100, top), *reversed(border), (100, 0)]
    roof = [(0, top), (100, top), (200, top), (100, 2 * top)]
    one, other, _ = simplified([left, right, roof], tolerance=tolerance)
    shared = {(100, 0), (100, top), *border}
    assert set(one) & shared == set(other) & shared
    assert {(100, 0), (100, top)} <= set(one)
    assert len(one) >= 4


def test_a_straight_border_needs_its_ends_only():
    square = [(0, 0), (5, 0), (10, 0), (10, 10), (5, 10), (0, 10)]
    (found,) = simplified([square], tolerance=0.5)
    assert sorted(found) == [(0, 0), (0, 10), (10, 0), (10, 10)]


def test_brest_is_where_it_is_and_a_place_never_drawn_has_no_outline():
    (ring,) = outlines.commune("29019")
    longitudes = [x / outlines.SCALE for x, _ in ring]
    latitudes = [y / outlines.SCALE for _, y in ring]
    assert -4.6 < min(longitudes) < max(longitudes) < -4.4
    assert 48.3 < min(latitudes) < max(latitudes) < 48.5
    assert outlines.departement("971")
    assert outlines.commune("98735") == []
