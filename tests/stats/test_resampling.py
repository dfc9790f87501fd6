"""What the resampled intervals share."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brie_bench.stats.resampling import quantiles

from .examples import quick


@quick
@given(
    st.lists(st.floats(-5, 5), min_size=1, max_size=50),
    st.sampled_from([0.5, 0.9, 0.95, 0.999]),
)
def test_quantiles_are_numpys(draws: list[float], level: float) -> None:
    """Of any number of draws, to the last few bits."""
    tail = (1 - level) / 2
    expected = np.quantile(draws, [tail, 1 - tail])
    assert pytest.approx(expected.tolist(), abs=1e-12) == list(quantiles(np.array(draws), level))


def test_a_draw_that_is_undefined_leaves_no_quantile() -> None:
    """Neither of them."""
    low, high = quantiles(np.array([0.1, np.nan, 0.3]), 0.95)
    assert np.isnan([low, high]).all()


@quick
@given(st.lists(st.floats(-5, 5), min_size=1, max_size=50))
def test_mirrored_draws_have_mirrored_quantiles(draws: list[float]) -> None:
    """To the bit."""
    low, high = quantiles(np.array(draws), 0.95)
    assert (-high, -low) == quantiles(-np.array(draws), 0.95)
