"""The headline interval covers the truth as often as it says."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest


@pytest.fixture(scope="module")
def coverage() -> ModuleType:
    """The benchmark, loaded from its file: its name is also that of a well-known package."""
    path = Path(__file__).resolve().parents[2] / "benchmarks" / "coverage.py"
    spec = importlib.util.spec_from_file_location("coverage_of_intervals", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_exact_coverage_of_wins_and_losses(coverage: ModuleType) -> None:
    """No cell of the grid below 90 %, its mean not below 94.5 %."""
    grid = coverage.small_grid()
    assert grid.min() >= coverage.FLOOR_OF_A_CELL == 0.90
    assert grid.mean() >= coverage.FLOOR_OF_THE_MEAN == 0.945


def test_the_enumeration_is_that_of_simulated_samples(coverage: ModuleType) -> None:
    """Drawn samples of 13 prompts are covered as often as enumerated ones."""
    bounds = [coverage.anchored(np.repeat([[1.0], [0.0]], [wins, 13 - wins], axis=0)) for wins in range(14)]
    rng = np.random.default_rng(1)
    for rate in (0.5, 0.9):
        covered = np.array([low <= rate <= high for low, high in bounds])
        drawn = covered[rng.binomial(13, rate, 20_000)].mean()
        assert drawn == pytest.approx(coverage.exact_coverage(13, np.array([rate]))[0], abs=0.01)


def test_repeated_prompts_and_several_judges_do_not_spoil_it(coverage: ModuleType) -> None:
    """Where rows of one prompt go together the interval over prompts still covers, the one over rows does not."""
    draw = coverage.DESIGNS["57 rows of 25 prompts"]
    for rate in (0.7, 0.95):
        rng = np.random.default_rng(2)
        hits = {"anchored": 0, "percentile, rows": 0}
        for _ in range(150):
            table = draw(rng, rate)
            for name in hits:
                low, high = coverage.INTERVALS[name](table)
                hits[name] += low <= rate <= high
        assert hits["anchored"] >= 0.9 * 150
        assert hits["percentile, rows"] < 0.87 * 150
