"""Areas are opaque paths of codes, separated by "/". One covers another if it is its beginning, code by code."""

from __future__ import annotations

from collections.abc import Iterable

# The path of the whole installation: the beginning of every path.
WHOLE_TENANT = ""


def path_segments(path: str) -> tuple[str, ...]:
    """The codes of `path`, from the top; empty for the whole tenant."""
    return tuple(segment for segment in path.strip("/").split("/") if segment)


def covers(area: str, path: str) -> bool:
    """Is `path` the area itself or inside it? 440310/44031001 does not cover 440310/440310011."""
    codes = path_segments(area)
    return path_segments(path)[: len(codes)] == codes


def covers_any(areas: Iterable[str], paths: Iterable[str]) -> bool:
    """May somebody with `areas` act on something at `paths`? Something of no known place belongs to the whole."""
    places = tuple(paths) or (WHOLE_TENANT,)
    return any(covers(area, place) for area in areas for place in places)
