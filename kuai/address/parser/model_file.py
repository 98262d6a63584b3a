"""A trained network as one file: arrays in half precision, and how it was made. Written whole, read without pickles."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from kuai.address.parser.chain import ChainWeights
from kuai.address.parser.labels import LABELS
from kuai.address.parser.network import SLOTS, Network, NetworkShape
from kuai.address.parser.recurrent import RecurrentWeights
from kuai.kit.atomic_files import replace_when_complete
from kuai.kit.errors import DataFault, Where

FORM = 1
SHIPPED_MODEL = Path(__file__).parent / "model.npz"


def save_network(network: Network, path: Path, *, made: Mapping[str, Any]) -> None:
    """Write the network and `made` (figures of its training, no text of any row)."""
    about = {"form": FORM, "labels": LABELS, "shape": asdict(network.shape), "made": dict(made)}
    about_text = json.dumps(about, ensure_ascii=False, sort_keys=True)
    arrays = {
        "about": np.frombuffer(about_text.encode("utf-8"), dtype=np.uint8),
        "chars": network.chars.astype(np.uint32),
        "bigrams": network.bigrams.astype(np.uint32),
        **{f"table_{slot}": _half(network.tables[slot]) for slot in SLOTS},
        **{
            f"layer_{one.name}": _half(getattr(network.layer, one.name))
            for one in fields(RecurrentWeights)
        },
        "output": _half(network.output),
        "output_bias": _half(network.output_bias),
        **{
            f"chain_{one.name}": _half(getattr(network.chain, one.name))
            for one in fields(ChainWeights)
        },
    }
    with replace_when_complete(path) as scratch, scratch.open("wb") as stream:
        np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]


def _half(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float16)


def load_network(path: Path) -> tuple[Network, dict[str, Any]]:
    """The network in `path` and how it was made; a DataFault where it is no model of this form."""
    if not path.is_file():
        raise DataFault("parser.model_absent", "找不到解析模型", where=Where(file=path.name))
    try:
        with np.load(path, allow_pickle=False) as arrays:
            about = json.loads(arrays["about"].tobytes().decode("utf-8"))
            if about["form"] != FORM or tuple(about["labels"]) != LABELS:
                raise _unreadable(path)
            return _network(arrays, NetworkShape(**about["shape"])), about["made"]
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as cause:
        raise _unreadable(path) from cause


def _unreadable(path: Path) -> DataFault:
    return DataFault(
        "parser.model_unreadable",
        "不是可读的解析模型，或版本不合",
        where=Where(file=path.name),
        remedy="用 kuai train-parser 重新训练",
    )


def _network(arrays: Mapping[str, np.ndarray], shape: NetworkShape) -> Network:
    def full(name: str) -> np.ndarray:
        return arrays[name].astype(np.float32)

    return Network(
        shape=shape,
        chars=arrays["chars"].astype(np.int64),
        bigrams=arrays["bigrams"].astype(np.int64),
        tables={slot: full(f"table_{slot}") for slot in SLOTS},
        layer=RecurrentWeights(
            **{one.name: full(f"layer_{one.name}") for one in fields(RecurrentWeights)}
        ),
        output=full("output"),
        output_bias=full("output_bias"),
        chain=ChainWeights(**{one.name: full(f"chain_{one.name}") for one in fields(ChainWeights)}),
    )
