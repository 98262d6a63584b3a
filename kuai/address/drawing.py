"""The door for pages that draw the library: one area with what lies in it as GeoJSON, what is wrong there, its grids.

Joins the record and the ground, a few thousand entries at a time; the whole city is never drawn. Needs Django.
"""

from __future__ import annotations

from kuai.address.ground.coverage import FindingKind, GroundFinding
from kuai.address.ground.grids import GridSettings
from kuai.address.ground.households import GridBuilding
from kuai.address.ground.proposals import GridProposal
from kuai.address.pictures.areas import draw_area, finding_key
from kuai.address.pictures.counting import count_below, count_children, find_by_text
from kuai.address.pictures.gathering import Drawing, area_under, label_of, survey_area
from kuai.address.pictures.grids import (
    GridGround,
    draw_proposal,
    grid_ground,
    kept_outlines,
    outlines_before,
    propose_grids,
)

__all__ = [
    "Drawing",
    "FindingKind",
    "GridBuilding",
    "GridGround",
    "GridProposal",
    "GridSettings",
    "GroundFinding",
    "area_under",
    "count_below",
    "count_children",
    "draw_area",
    "draw_proposal",
    "find_by_text",
    "finding_key",
    "grid_ground",
    "kept_outlines",
    "label_of",
    "outlines_before",
    "propose_grids",
    "survey_area",
]
