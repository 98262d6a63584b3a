"""One small city a profile, generated once a session (a fifth of a second each)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from kuai.demo_city.actions import generate_city
from kuai.demo_city.types import CityReport

AS_OF = date(2026, 6, 30)
GenerateCity = Callable[..., CityReport]


@pytest.fixture(scope="session")
def generate(tmp_path_factory: pytest.TempPathFactory) -> GenerateCity:
    """A city of 500 rooms in a fresh folder, unless told otherwise."""

    def make(profile: str = "easy", *, rooms: int = 500, seed: int = 3) -> CityReport:
        out = tmp_path_factory.mktemp("city") / "package"
        return generate_city(out, rooms=rooms, seed=seed, profile=profile, as_of=AS_OF)

    return make


@pytest.fixture(scope="session", params=["easy", "hard", "planted"])
def city(request: pytest.FixtureRequest, generate: GenerateCity) -> CityReport:
    """A city of 2,000 rooms of each profile: large enough for every kind of row."""
    return generate(request.param, rooms=2000)
