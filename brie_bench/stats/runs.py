"""The same prompts several times: how much of the scatter is the prompts', and how much the runs'."""

from __future__ import annotations

from dataclasses import dataclass
from math import erfc, exp, sqrt
from sys import float_info

import numpy as np
from numpy.typing import ArrayLike

from .inputs import Floats, Interval, rate_table
from .intervals import anchored_ci


@dataclass(frozen=True, slots=True)
class VarianceComponents:
    """One-way analysis of a table of prompts × runs; None where there is too little to tell."""

    n_prompts: int
    n_runs: int
    n_dropped: int
    rate: float | None
    per_run: Floats
    per_prompt: Floats
    run_sd: float | None
    run_range: float | None
    expected_run_sd: float | None
    ms_between: float | None
    ms_within: float | None
    var_prompt: float | None
    var_within: float | None
    icc: float | None
    rerun_disagreement: float | None
    interval_disagreement: Interval | None
    cochran_q: float | None
    cochran_q_p: float | None


def variance_components(x: ArrayLike, *, confidence_level: float = 0.95) -> VarianceComponents:
    """Between prompts and within: `x[K, m]` holds the score in [0, 1] of K prompts in m runs.

    Prompts with a missing run (NaN) are dropped and counted. `run_sd` is the standard deviation (ddof 1) of the run
    means and `run_range` their range; `expected_run_sd`, √(ms_within/K), is the one to expect if runs differ by chance
    alone. `icc` is ICC(1), the share of the variance that belongs to the prompts, which can come out below 0:
    below some 25 prompts it is not worth printing. `var_prompt` is its numerator, held at 0 when negative.
    `rerun_disagreement` is the chance that two runs of a prompt score differently, with the anchored interval over
    prompts. Cochran's Q tests whether some run's rate stands out, with its asymptotic p-value.

    None: means without a prompt, spreads with a single run, mean squares and ICC with a single prompt or run, the ICC
    and Q where nothing varies. Raises ValueError for values outside [0, 1].
    Sources: Shrout & Fleiss (1979); Cochran (1950).
    """
    table = rate_table("x", x, "run")
    kept = table[~np.isnan(table).any(axis=1)]
    n_prompts, n_runs = kept.shape if kept.shape[1] else (0, 0)
    if not n_prompts:
        empty = (0, table.shape[1], len(table), None, np.zeros(0), np.zeros(0))
        return VarianceComponents(*empty, *[None] * 12)
    per_run, per_prompt = kept.mean(axis=0), kept.mean(axis=1)
    between = n_runs * float(per_prompt.var(ddof=1)) if n_prompts > 1 and n_runs > 1 else None
    within = float(kept.var(axis=1, ddof=1).mean()) if n_runs > 1 else None
    differing = _disagreements(kept) if n_runs > 1 else None
    q, p = _cochran(kept) if n_runs > 1 else (None, None)
    return VarianceComponents(
        n_prompts=n_prompts,
        n_runs=n_runs,
        n_dropped=len(table) - n_prompts,
        rate=float(kept.mean()),
        per_run=per_run,
        per_prompt=per_prompt,
        run_sd=float(per_run.std(ddof=1)) if n_runs > 1 else None,
        run_range=float(np.ptp(per_run)) if n_runs > 1 else None,
        expected_run_sd=None if within is None else sqrt(within / n_prompts),
        ms_between=between,
        ms_within=within,
        var_prompt=None if between is None or within is None else max(0.0, (between - within) / n_runs),
        var_within=within,
        icc=_icc(between, within, n_runs),
        rerun_disagreement=None if differing is None else float(differing.mean()),
        interval_disagreement=None if differing is None else anchored_ci(differing, confidence_level),
        cochran_q=q,
        cochran_q_p=p,
    )


def _icc(between: float | None, within: float | None, n_runs: int) -> float | None:
    if between is None or within is None:
        return None
    total = between + (n_runs - 1) * within
    return (between - within) / total if total > 1e-15 else None


def _disagreements(table: Floats) -> Floats:
    """For each prompt the share of the pairs of runs that score differently."""
    n_runs = table.shape[1]
    differ = (np.abs(table[:, :, None] - table[:, None, :]) > 1e-12).sum(axis=(1, 2))
    shares: Floats = differ / (n_runs * (n_runs - 1))
    return shares


def _cochran(table: Floats) -> tuple[float | None, float | None]:
    """Q and its p-value, written so that it holds for graded scores as well."""
    n_runs = table.shape[1]
    inner = float(((table - table.mean(axis=1, keepdims=True)) ** 2).sum())
    if inner < 1e-12:
        return None, None
    totals = table.sum(axis=0)
    q = (n_runs - 1) * float(((totals - totals.mean()) ** 2).sum()) / inner
    return q, _chi_square_tail(q, n_runs - 1)


def _chi_square_tail(x: float, degrees: int) -> float:
    """P(χ² > x), by the finite sum that whole degrees of freedom allow."""
    half = x / 2
    if degrees % 2:
        tail, term, shape = erfc(sqrt(half)), exp(-half) * sqrt(half) * 2 / sqrt(np.pi), 1.5
    else:
        tail, term, shape = exp(-half), exp(-half) * half, 2.0
    while shape <= degrees / 2:
        tail += term
        term *= half / shape
        shape += 1
    return min(1.0, max(tail, float_info.min))
