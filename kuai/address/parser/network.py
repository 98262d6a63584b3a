"""The network of the parser: characters -> scores of tags. Slots look up inputs, one two-way layer reads the row.

For reading, look-ups and first product are folded into tables of gate inputs once: a character then costs four rows of
those tables, one recurrent product and one output product. Decision 0015.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from kuai.address.parser.chain import ChainWeights, empty_chain
from kuai.address.parser.features import (
    BIGRAM_BITS,
    PATTERN_BITS,
    REPEAT_KINDS,
    slots_of,
)
from kuai.address.parser.labels import LABEL_COUNT
from kuai.address.parser.recurrent import GATES, RecurrentWeights, new_recurrent

UNKNOWN = 0
_PLANE = 1 << 16
SLOTS = ("char", "bigram", "pattern", "repeat")


@dataclass(frozen=True)
class NetworkShape:
    """Widths: of each slot's inputs and of one direction of the recurrent layer."""

    char: int = 64
    bigram: int = 64
    pattern: int = 16
    repeat: int = 8
    hidden: int = 128

    @property
    def inputs(self) -> int:
        """Width of a character's inputs."""
        return self.char + self.bigram + self.pattern + self.repeat


@dataclass
class Network:
    """All weights. `chars` and `bigrams` list what the tables' rows stand for; row 0 is for the unknown."""

    shape: NetworkShape
    chars: np.ndarray
    bigrams: np.ndarray
    tables: dict[str, np.ndarray]
    layer: RecurrentWeights
    output: np.ndarray
    output_bias: np.ndarray
    chain: ChainWeights = field(default_factory=empty_chain)

    def places(self) -> dict[str, np.ndarray]:
        """Slot number -> row of the slot's table."""
        chars = np.zeros(_PLANE, dtype=np.int32)
        chars[self.chars] = np.arange(1, len(self.chars) + 1)
        bigrams = np.zeros(1 << BIGRAM_BITS, dtype=np.int32)
        bigrams[self.bigrams] = np.arange(1, len(self.bigrams) + 1)
        return {"char": chars, "bigram": bigrams}


def new_network(
    shape: NetworkShape, chars: np.ndarray, bigrams: np.ndarray, chance: np.random.Generator
) -> Network:
    """A network that knows nothing yet, over these characters and (hashed) pairs."""
    sizes = {
        "char": len(chars) + 1,
        "bigram": len(bigrams) + 1,
        "pattern": 1 << PATTERN_BITS,
        "repeat": REPEAT_KINDS,
    }
    tables = {
        slot: (chance.standard_normal((size, getattr(shape, slot))) * 0.3).astype(np.float32)
        for slot, size in sizes.items()
    }
    spread = 1.0 / np.sqrt(2 * shape.hidden)
    return Network(
        shape=shape,
        chars=chars,
        bigrams=bigrams,
        tables=tables,
        layer=new_recurrent(shape.inputs, shape.hidden, chance),
        output=chance.uniform(-spread, spread, (2 * shape.hidden, 2 * LABEL_COUNT)).astype(
            np.float32
        ),
        output_bias=np.zeros(2 * LABEL_COUNT, dtype=np.float32),
    )


def rows_of_tables(
    points: np.ndarray, row_of: np.ndarray, places: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Slot -> row of its table, a character."""
    slots = slots_of(points, row_of)
    return {
        slot: places[slot][numbers] if slot in places else numbers
        for slot, numbers in slots.items()
    }


def widened(
    network: Network, chars: np.ndarray, bigrams: np.ndarray, chance: np.random.Generator
) -> Network:
    """The same network over more characters and pairs; what is new starts as the unknown does, a little apart."""
    new = {
        "char": np.setdiff1d(chars, network.chars),
        "bigram": np.setdiff1d(bigrams, network.bigrams),
    }
    tables = dict(network.tables)
    for slot, added in new.items():
        table = tables[slot]
        apart = chance.standard_normal((len(added), table.shape[1])).astype(np.float32)
        tables[slot] = np.concatenate((table, table[UNKNOWN] + np.float32(0.1) * apart))
    return replace(
        network,
        chars=np.concatenate((network.chars, new["char"])),
        bigrams=np.concatenate((network.bigrams, new["bigram"])),
        tables=tables,
    )


def narrowed(network: Network, hidden: int) -> Network:
    """The network with the `hidden` units of each direction on whose states most depends; it has to learn on."""
    kept = [_weightiest(network, direction, hidden) for direction in (0, 1)]
    old, layer = network.layer.hidden, network.layer
    gates = [np.concatenate([units + gate * old for gate in range(GATES)]) for units in kept]
    into = np.concatenate((gates[0], gates[1] + GATES * old))
    again = np.stack([layer.again[way][kept[way]][:, gates[way]] for way in (0, 1)])
    bias = np.stack([layer.candidate_bias[way][:, kept[way]] for way in (0, 1)])
    return replace(
        network,
        shape=replace(network.shape, hidden=hidden),
        layer=RecurrentWeights(
            into=layer.into[:, into], bias=layer.bias[into], again=again, candidate_bias=bias
        ),
        output=network.output[np.concatenate((kept[0], kept[1] + old))],
    )


def _weightiest(network: Network, direction: int, hidden: int) -> np.ndarray:
    old = network.layer.hidden
    output = network.output[direction * old : (direction + 1) * old]
    weight = np.square(output).sum(axis=1) + np.square(network.layer.again[direction]).sum(axis=1)
    return np.sort(np.argsort(-weight, kind="stable")[:hidden])
