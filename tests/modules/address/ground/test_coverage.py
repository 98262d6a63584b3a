"""What does not fit on the ground."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from kuai.address.ground.coverage import FindingKind, survey_children, survey_coverage
from kuai.address.ground.plane import square_metres
from kuai.kit.coordinates import points_from_cgcs2000
from tests.modules.address.ground import builders
from tests.modules.address.ground.builders import COMMUNITY, OTHER_COMMUNITY, entry, spot, square

ONE, TWO, THREE = (COMMUNITY + number for number in ("01", "02", "03"))
HECTARE = pytest.approx(10_000, rel=0.005)


def kinds(findings):
    return [finding.kind for finding in findings]


def library(shapes, buildings=()):
    grids = [entry(code, "grid", COMMUNITY) for code in (ONE, TWO, THREE)]
    rows = [*builders.areas_above(), *grids, *buildings]
    return survey_coverage(builders.entries(rows), builders.geometries(shapes))


def test_children_that_cover_their_parent_leave_no_finding():
    halves = {ONE: square(0, 0), TWO: square(1, 0)}
    assert survey_children(COMMUNITY, shapely.union_all(list(halves.values())), halves) == []


def test_a_gap_is_told_with_its_size_and_shape():
    whole = shapely.union_all([square(0, 0), square(1, 0), square(2, 0)])
    (gap,) = survey_children(COMMUNITY, whole, {ONE: square(0, 0), TWO: square(2, 0)})
    assert (gap.kind, gap.parent_code) == (FindingKind.GAP, COMMUNITY)
    assert gap.area_m2 == HECTARE
    assert shapely.from_wkb(gap.geometry).equals_exact(square(1, 0), 1e-9, normalize=True)
    assert "公顷" in gap.words


def test_an_overlap_names_both_and_is_told_once():
    found = survey_children(
        COMMUNITY, square(0, 0, size=3), {ONE: square(0, 0, size=2), TWO: square(1, 1, size=2)}
    )
    (overlap,) = [finding for finding in found if finding.kind is FindingKind.OVERLAP]
    assert overlap.address_codes == (ONE, TWO)
    assert overlap.area_m2 == HECTARE


def test_a_child_outside_its_parent_is_told_with_what_is_outside():
    found = survey_children(
        COMMUNITY, square(0, 0, size=2), {ONE: square(0, 0, size=2), TWO: square(2, 0)}
    )
    assert kinds(found) == [FindingKind.CHILD_OUTSIDE]
    assert found[0].address_codes == (TWO,)
    assert found[0].area_m2 == HECTARE


def test_without_the_parents_outline_a_hole_between_children_still_shows():
    ring = square(0, 0, size=3).difference(square(1, 1))
    found = survey_children(COMMUNITY, None, {ONE: ring})
    assert kinds(found) == [FindingKind.GAP]
    assert found[0].area_m2 == HECTARE


def test_a_border_drawn_twice_is_no_finding():
    centimetres = 1e-6
    nudged = shapely.transform(square(1, 0), lambda points: points + (centimetres, 0))
    whole = shapely.union_all([square(0, 0), square(1, 0)])
    assert survey_children(COMMUNITY, whole, {ONE: square(0, 0), TWO: nudged}) == []


def test_buildings_without_point_and_points_outside_their_area_are_told():
    outlines = {ONE: square(0, 0), TWO: square(1, 0), COMMUNITY: square(0, 0, size=2)}
    buildings = [
        entry(ONE + "00001", "building", ONE),
        entry(ONE + "00002", "building", ONE, spot(1.5, 0.5)),
        entry(ONE + "00003", "building", ONE, spot(0.5, 0.5)),
        # Its grid has no outline: its community's holds.
        entry(THREE + "00004", "building", THREE, spot(0.5, 0.5)),
        entry(THREE + "00005", "building", THREE, spot(5.5, 0.5)),
    ]
    found = [one for one in library(outlines, buildings) if one.kind is not FindingKind.GAP]
    assert [(one.kind, one.address_codes[0], one.parent_code) for one in found] == [
        (FindingKind.BUILDING_WITHOUT_POINT, ONE + "00001", ONE),
        (FindingKind.POINT_OUTSIDE, ONE + "00002", ONE),
        (FindingKind.POINT_OUTSIDE, THREE + "00005", COMMUNITY),
    ]
    assert found[1].distance_m == pytest.approx(50, abs=0.5)


def test_a_footprint_across_a_border_names_both_grids_by_share():
    outlines = {ONE: square(0, 0), TWO: square(1, 0)}
    house = entry(ONE + "00001", "building", ONE, spot(0.6, 0.5))
    edge = entry(ONE + "00002", "building", ONE, spot(0.6, 0.5))
    shapes = {
        **outlines,
        ONE + "00001": square(0.4, 0, size=0.8),
        ONE + "00002": square(0.2, 0, size=0.81),
    }
    (found,) = library(shapes, [house, edge])
    assert found.kind is FindingKind.BUILDING_IN_TWO_GRIDS
    assert found.address_codes == (ONE + "00001", ONE, TWO)


@pytest.mark.parametrize("datum", ["GCJ-02", "BD-09"])
def test_points_of_a_datum_nobody_converted_are_recognised(datum):
    points = points_from_cgcs2000(builders.scattered(60, seed=3, size=5), system=datum)
    buildings = [
        entry(f"{ONE}{n:05d}", "building", ONE, tuple(point)) for n, point in enumerate(points)
    ]
    found = library({ONE: square(0, 0, size=5)}, buildings)
    (suspect,) = [one for one in found if one.kind is FindingKind.DATUM_SUSPECT]
    assert f"像是 {datum} 坐标未换算" in suspect.words
    assert suspect.words.endswith("0 个")


def test_only_what_stands_under_an_area_is_surveyed_when_asked():
    shapes = {COMMUNITY: square(0, 0, size=2), ONE: square(0, 0), OTHER_COMMUNITY: square(2, 0)}
    rows = [*builders.areas_above(), entry(ONE, "grid", COMMUNITY)]
    table, outlines = builders.entries(rows), builders.geometries(shapes)
    assert kinds(survey_coverage(table, outlines, under=COMMUNITY)) == [FindingKind.GAP]
    assert survey_coverage(table, outlines, under=OTHER_COMMUNITY) == ()


def test_areas_of_parts_add_up_to_the_whole_wherever_it_is_cut():
    whole = shapely.Polygon([spot(0, 0), spot(90, 13), spot(70, 95), spot(-4, 60)])
    cuts = shapely.union_all([whole.boundary, shapely.LineString([spot(-10, 20), spot(99, 55)])])
    parts = shapely.get_parts(shapely.polygonize(shapely.get_parts(cuts).tolist()))
    assert len(parts) == 2
    assert square_metres(parts).sum() == pytest.approx(square_metres([whole])[0], rel=1e-12)


def test_areas_are_the_ellipsoids_holes_and_all():
    import pyproj

    ring = (
        shapely.Point(114.3, 22.6).buffer(0.1).difference(shapely.Point(114.3, 22.6).buffer(0.05))
    )
    both = shapely.MultiPolygon(
        [*ring.geoms] if ring.geom_type == "MultiPolygon" else [ring, square(400, 0)]
    )
    judge = pyproj.Geod(ellps="GRS80")
    fine = shapely.segmentize(shapely.orient_polygons(both), 1e-4)
    assert square_metres([both])[0] == pytest.approx(
        abs(judge.geometry_area_perimeter(fine)[0]), rel=1e-9
    )
    assert np.array_equal(square_metres([shapely.Point(1, 1), shapely.Polygon()]), [0, 0])
