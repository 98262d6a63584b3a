"""One small demo city and one store built from it, made once a run and shared by all stories; never changed by one."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from kuai.kit.store import Store
from tests.stories import towns


@pytest.fixture(scope="session")
def shared_by_workers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of one test run see."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "stories"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def town(shared_by_workers: Path) -> Path:
    """The package of a demo city of 400 rooms. Copy it before changing it."""
    return towns.once_a_run(shared_by_workers, "town", towns.make_town)


@pytest.fixture(scope="session")
def built(town: Path, shared_by_workers: Path) -> Path:
    """A store built from the town. Read it, or copy it (`own_store`) before changing it."""
    return towns.once_a_run(
        # Cold, so that what is compared with it was built under another seed of hashes.
        shared_by_workers,
        "built",
        lambda store: towns.build(town, store, cold=True) and None,
    )


@pytest.fixture
def own_store(built: Path, tmp_path: Path) -> Path:
    """A copy of the built store and its keys that the story may change."""
    store = tmp_path / "store"
    shutil.copytree(built, store)
    shutil.copytree(Store(built).keys, Store(store).keys)
    return store
