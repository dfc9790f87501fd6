"""The statistics of a pairwise benchmark: pure functions over arrays, no I/O, no global random state."""

from __future__ import annotations

from .agreement import Agreement, PairAgreement, agreement
from .binomial import clopper_pearson_ci, jeffreys_ci, sign_test, wilson_ci
from .consensus import DawidSkene, dawid_skene, majority
from .davidson import Davidson, davidson_fit
from .intervals import anchored_ci, percentile_ci
from .length import LengthControlled, length_controlled
from .position import PositionBias, SwapConsistency, position_bias, swap_consistency
from .power import detectable_rate, n_for_half_width, sign_test_power
from .rates import PromptMeans, WinRate, prompt_means, win_rate
from .ratings import bt_bootstrap, bt_components, bt_counts, bt_fit, rank_sets
from .retest import TestRetest, test_retest
from .runs import VarianceComponents, variance_components
from .significance import PairedDifference, holm, paired_difference, sign_flip_p
from .trend import Trend, trend_test

__all__ = [
    "Agreement",
    "Davidson",
    "DawidSkene",
    "LengthControlled",
    "PairAgreement",
    "PairedDifference",
    "PositionBias",
    "PromptMeans",
    "SwapConsistency",
    "TestRetest",
    "Trend",
    "VarianceComponents",
    "WinRate",
    "agreement",
    "anchored_ci",
    "bt_bootstrap",
    "bt_components",
    "bt_counts",
    "bt_fit",
    "clopper_pearson_ci",
    "davidson_fit",
    "dawid_skene",
    "detectable_rate",
    "holm",
    "jeffreys_ci",
    "length_controlled",
    "majority",
    "n_for_half_width",
    "paired_difference",
    "percentile_ci",
    "position_bias",
    "prompt_means",
    "rank_sets",
    "sign_flip_p",
    "sign_test",
    "sign_test_power",
    "swap_consistency",
    "test_retest",
    "trend_test",
    "variance_components",
    "wilson_ci",
    "win_rate",
]
