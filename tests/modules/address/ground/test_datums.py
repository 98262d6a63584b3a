"""Datums: many points at once are converted as one point is, and come home."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kuai.kit.coordinates import (
    DATUMS,
    known_datum,
    points_from_cgcs2000,
    points_to_cgcs2000,
    to_cgcs2000,
)

# Mainland and islands; the shift is defined inside China only.
EAST, NORTH = st.floats(74.0, 134.0), st.floats(4.0, 53.0)
MICROMETRE_IN_DEGREES = 1e-6 / 111_000


@given(points=arrays(float, st.tuples(st.integers(0, 9), st.just(2)), elements=st.floats(0, 1)))
@pytest.mark.parametrize("system", DATUMS)
def test_a_round_trip_ends_within_a_micrometre(points, system):
    points = points * (60.0, 49.0) + (74.0, 4.0)
    home = points_to_cgcs2000(points_from_cgcs2000(points, system=system), system=system)
    # The iteration stops once a step is under 1e-10 degrees; what is then left is far below a micrometre.
    assert np.abs(home - points).max(initial=0.0) < MICROMETRE_IN_DEGREES


@given(longitude=EAST, latitude=NORTH)
@pytest.mark.parametrize("system", DATUMS)
def test_one_point_and_many_agree(longitude, latitude, system):
    many = points_to_cgcs2000(np.array([[longitude, latitude]] * 2), system=system)
    assert many[0] == pytest.approx(to_cgcs2000(longitude, latitude, system=system), abs=1e-12)
    assert (many[0] == many[1]).all()


@pytest.mark.parametrize("written", ["wgs-84", "WGS_84", "gcj02", "GCJ-02 ", "bd09", "cgcs2000"])
def test_usual_spellings_of_a_datum_are_known(written):
    assert known_datum(written) in DATUMS


@pytest.mark.parametrize("written", ["", "火星坐标", "Beijing 54", "EPSG:4490"])
def test_other_words_are_no_datum(written):
    with pytest.raises(ValueError, match="known system"):
        known_datum(written)
