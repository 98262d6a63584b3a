"""Reads vector tiles back: layers, features with their texts, drawing commands. Only what our tiles use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class ReadFeature:
    """One feature: 1 is points, 3 polygons; `rings` are lists of corners."""

    kind: int
    told: dict[str, str]
    rings: list[list[tuple[int, int]]]


@dataclass
class ReadLayer:
    """One layer of a tile."""

    name: str = ""
    extent: int = 0
    version: int = 0
    features: list[ReadFeature] = field(default_factory=list)


def _varint(content: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = content[at]
        at += 1
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return number, at


def _parts(content: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(content):
        key, at = _varint(content, at)
        if key & 7 == 0:
            number, at = _varint(content, at)
            yield key >> 3, number
        else:
            assert key & 7 == 2
            length, at = _varint(content, at)
            yield key >> 3, content[at : at + length]
            at += length


def _numbers(content: bytes) -> list[int]:
    found, at = [], 0
    while at < len(content):
        number, at = _varint(content, at)
        found.append(number)
    return found


def read_layers(tile: bytes) -> dict[str, ReadLayer]:
    """The layers of a tile by name."""
    layers = {}
    for number, content in _parts(tile):
        assert number == 3
        layer = _read_layer(content)  # type: ignore[arg-type]
        layers[layer.name] = layer
    return layers


def _read_layer(content: bytes) -> ReadLayer:
    layer, raw = ReadLayer(), []
    keys: list[str] = []
    values: list[str] = []
    for number, part in _parts(content):
        if isinstance(part, int):
            layer.extent, layer.version = (
                (part, layer.version) if number == 5 else (layer.extent, part)
            )
        elif number == 1:
            layer.name = part.decode()
        elif number == 2:
            raw.append(part)
        elif number == 3:
            keys.append(part.decode())
        elif number == 4:
            ((_, value),) = _parts(part)
            values.append(value.decode())  # type: ignore[union-attr]
    layer.features = [_read_feature(part, keys, values) for part in raw]
    return layer


def _read_feature(content: bytes, keys: list[str], values: list[str]) -> ReadFeature:
    parts = dict(_parts(content))
    tags = _numbers(parts[2])  # type: ignore[arg-type]
    told = {keys[k]: values[v] for k, v in zip(tags[::2], tags[1::2], strict=True)}
    return ReadFeature(parts[3], told, _read_rings(_numbers(parts[4])))  # type: ignore[arg-type]


def _read_rings(numbers: list[int]) -> list[list[tuple[int, int]]]:
    rings: list[list[tuple[int, int]]] = []
    x = y = at = 0
    while at < len(numbers):
        command, count = numbers[at] & 7, numbers[at] >> 3
        at += 1
        if command == 7:
            continue
        if command == 1:
            rings.append([])
        for _ in range(count):
            x += (numbers[at] >> 1) ^ -(numbers[at] & 1)
            y += (numbers[at + 1] >> 1) ^ -(numbers[at + 1] & 1)
            rings[-1].append((x, y))
            at += 2
    return rings
