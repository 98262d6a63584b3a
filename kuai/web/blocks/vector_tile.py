"""Mapbox vector tiles 2.1 as bytes: layers of polygons and points with texts. The format, nothing of blocks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely

EXTENT = 4096
_POINT, _POLYGON = 1, 3
_MOVE, _LINE, _CLOSE = 1, 2, 7


def varint(number: int) -> bytes:
    """An unsigned number in base 128, as protobuf writes it."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


_SHORT = [varint(number) for number in range(1 << 14)]


def packed(numbers: Iterable[int]) -> bytes:
    """Numbers one after the other."""
    return b"".join([_SHORT[n] if n < 1 << 14 else varint(n) for n in numbers])


def _part(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


@dataclass
class Layer:
    """One layer of a tile: features in the tile's own coordinates, 0 to EXTENT, y downwards."""

    name: str
    features: list[bytes] = field(default_factory=list)
    keys: dict[str, int] = field(default_factory=dict)
    values: dict[str, int] = field(default_factory=dict)

    def add_points(self, points: np.ndarray, told: Sequence[dict[str, str]]) -> None:
        """One feature a point."""
        for (x, y), properties in zip(points.tolist(), told, strict=True):
            geometry = [_MOVE | 1 << 3, _zigzag(x), _zigzag(y)]
            self._add(_POINT, geometry, properties)

    def add_polygons(self, shapes: np.ndarray, told: Sequence[dict[str, str]]) -> None:
        """One feature a polygon or multipolygon; what is too small to have an area here is left out."""
        for number, geometry in _polygon_commands(shapes).items():
            self._add(_POLYGON, geometry, told[number])

    def _add(self, kind: int, geometry: list[int], properties: dict[str, str]) -> None:
        tags: list[int] = []
        for key, value in properties.items():
            tags += (
                self.keys.setdefault(key, len(self.keys)),
                self.values.setdefault(value, len(self.values)),
            )
        content = _part(2, packed(tags)) + b"\x18" + varint(kind) + _part(4, packed(geometry))
        self.features.append(_part(2, content))

    def encode(self) -> bytes:
        """The layer's bytes; none where it has no feature."""
        if not self.features:
            return b""
        content = b"".join(
            [
                b"\x78\x02",
                _part(1, self.name.encode()),
                *self.features,
                *(_part(3, key.encode()) for key in self.keys),
                *(_part(4, _part(1, value.encode())) for value in self.values),
                b"\x28" + varint(EXTENT),
            ]
        )
        return _part(3, content)


def encode_tile(layers: Iterable[Layer]) -> bytes:
    """A tile of these layers; empty bytes are a tile without features."""
    return b"".join(layer.encode() for layer in layers)


def _zigzag(number: int) -> int:
    return number << 1 if number >= 0 else (-number << 1) - 1


def _polygon_commands(shapes: np.ndarray) -> dict[int, list[int]]:
    """The drawing commands of each shape by its place, shapes without an area left out."""
    parts, shape_of_part = shapely.get_parts(shapes, return_index=True)
    polygons = np.flatnonzero(shapely.get_type_id(parts) == shapely.GeometryType.POLYGON)
    rings, part_of_ring = shapely.get_rings(parts[polygons], return_index=True)
    corners = np.rint(shapely.get_coordinates(rings)).astype(np.int64).tolist()
    ends = np.cumsum(shapely.get_num_coordinates(rings)).tolist()
    commands: dict[int, list[int]] = {}
    at: dict[int, tuple[int, int]] = {}
    begin, last_part, is_drawn = 0, -1, False
    for end, part in zip(ends, part_of_ring.tolist(), strict=True):
        outer = part != last_part
        ring = _whole_ring(corners[begin : end - 1], outer=outer)
        begin, last_part = end, part
        if outer:
            is_drawn = bool(ring)
        # Without its outer ring a hole would be a polygon.
        if ring and is_drawn:
            shape = int(shape_of_part[polygons[part]])
            commands.setdefault(shape, []).extend(_ring_commands(ring, at.get(shape, (0, 0))))
            at[shape] = ring[-1]
    return commands


def _whole_ring(corners: list[list[int]], *, outer: bool) -> list[tuple[int, int]]:
    """The ring without repeated corners, outer ones clockwise on the screen; empty where it is a line."""
    ring: list[tuple[int, int]] = []
    twice_area = 0
    before_x, before_y = corners[-1]
    for x, y in corners:
        if x != before_x or y != before_y:
            ring.append((x, y))
            twice_area += before_x * y - x * before_y
            before_x, before_y = x, y
    if twice_area == 0:
        return []
    return ring if (twice_area > 0) == outer else ring[::-1]


def _ring_commands(ring: list[tuple[int, int]], at: tuple[int, int]) -> list[int]:
    commands = [_MOVE | 1 << 3]
    before_x, before_y = at
    for x, y in ring:
        across, down = x - before_x, y - before_y
        commands.append(across << 1 if across >= 0 else (-across << 1) - 1)
        commands.append(down << 1 if down >= 0 else (-down << 1) - 1)
        before_x, before_y = x, y
    commands.insert(3, _LINE | len(ring) - 1 << 3)
    commands.append(_CLOSE | 1 << 3)
    return commands
