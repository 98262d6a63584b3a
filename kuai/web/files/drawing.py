"""A small graph of one step around an element, as numbers for an SVG: no script, nothing outside the list beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, LINE_HEIGHT, TOP = 760, 40, 28
LONGEST_NAME = 21


@dataclass(frozen=True)
class Node:
    """One neighbour: where it stands and what it is called. `url` is empty where there is no page of it."""

    y: int
    name: str
    url: str


@dataclass(frozen=True)
class Branch:
    """One kind of relation with its neighbours."""

    y: int
    title: str
    count: int
    nodes: tuple[Node, ...]


@dataclass(frozen=True)
class Drawing:
    """The whole: the element at the left, its kinds in the middle, neighbours at the right."""

    width: int
    height: int
    middle_y: int
    name: str
    branches: tuple[Branch, ...]


@dataclass(frozen=True)
class Around:
    """One kind of relation and the first of its neighbours as (name, address)."""

    title: str
    count: int
    neighbours: Sequence[tuple[str, str]]
    more: str


def draw(name: str, kinds: Sequence[Around]) -> Drawing | None:
    """Where everything stands; None where there is nothing around it."""
    branches, y = [], TOP
    for kind in kinds:
        lines = [*kind.neighbours, *([(kind.more, "")] if kind.more else [])]
        nodes = tuple(
            Node(y + place * LINE_HEIGHT, shorten(text), url)
            for place, (text, url) in enumerate(lines)
        )
        middle = (nodes[0].y + nodes[-1].y) // 2 if nodes else y
        branches.append(Branch(middle, shorten(kind.title, 10), kind.count, nodes))
        y += max(len(lines), 1) * LINE_HEIGHT + LINE_HEIGHT // 3
    if not branches:
        return None
    return Drawing(
        WIDTH, y, (branches[0].y + branches[-1].y) // 2, shorten(name, 10), tuple(branches)
    )


def shorten(text: str, longest: int = LONGEST_NAME) -> str:
    """As much of the text as a line holds."""
    return text if len(text) <= longest else text[: longest - 1] + "…"
