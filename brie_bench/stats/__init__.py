"""The statistics of a pairwise benchmark: pure functions over arrays, no I/O, no global random state."""

from __future__ import annotations

from .binomial import clopper_pearson_ci, jeffreys_ci, sign_test, wilson_ci
from .intervals import anchored_ci, percentile_ci
from .power import detectable_rate, n_for_half_width, sign_test_power
from .rates import PromptMeans, WinRate, prompt_means, win_rate
from .significance import PairedDifference, holm, paired_difference, sign_flip_p

__all__ = [
    "PairedDifference",
    "PromptMeans",
    "WinRate",
    "anchored_ci",
    "clopper_pearson_ci",
    "detectable_rate",
    "holm",
    "jeffreys_ci",
    "n_for_half_width",
    "paired_difference",
    "percentile_ci",
    "prompt_means",
    "sign_flip_p",
    "sign_test",
    "sign_test_power",
    "wilson_ci",
    "win_rate",
]
