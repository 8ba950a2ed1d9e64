"""Where the tests of commands run them: beside a copy of the example estate, or against a running city."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.city_lab import CityLab, city_lab

EXAMPLE = Path(__file__).parents[2] / "estate"


@pytest.fixture
def estate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the example estate that commands find, in a folder without a capacity snapshot and without an inventory."""
    copy = tmp_path / "city" / "estate"
    shutil.copytree(EXAMPLE, copy)
    monkeypatch.setenv("INCLINE_ESTATE", str(copy))
    for name in ("INCLINE_CAPACITY", "INCLINE_STORE"):
        monkeypatch.delenv(name, raising=False)
    return copy


@pytest.fixture(scope="module")
def city(toolchain: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CityLab]:
    """A lab of the module's own, with the example estate."""
    with city_lab(tmp_path_factory.mktemp("city")) as lab:
        yield lab


@pytest.fixture
def here(city: CityLab, monkeypatch: pytest.MonkeyPatch) -> CityLab:
    """The same, as commands that are run in this process see it."""
    for name, value in city.environ.items():
        monkeypatch.setenv(name, value)
    return city
