"""Chance-corrected agreement from tables of {win, tie, loss}: plain arithmetic on the first axes, for one table or many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .inputs import Floats

CERTAIN = 1e-12


@dataclass(frozen=True, slots=True)
class TwoJudges:
    """Coefficients of tables [3, 3, …] that sum to 1."""

    agreement: Floats
    expected: Floats
    kappa: Floats
    ac1: Floats


def two_judges(table: Floats) -> TwoJudges:
    """Cohen's κ (1960) and Gwet's AC1 (2008) of tables of proportions, one judge in the rows, one in the columns.

    κ is NaN where chance agreement is 1.
    """
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    agreement = table[0, 0] + table[1, 1] + table[2, 2]
    expected = (rows * columns).sum(axis=0)
    return TwoJudges(agreement, expected, beyond_chance(agreement, expected), gwet_ac1(agreement, (rows + columns) / 2))


def beyond_chance(agreement: Floats, expected: Floats) -> Floats:
    """(agreement − expected)/(1 − expected), NaN where the expected agreement is 1."""
    room = 1.0 - expected
    certain = room < CERTAIN
    return np.where(certain, np.nan, (agreement - expected) / np.where(certain, 1.0, room))


def gwet_ac1(agreement: Floats, shares: Floats) -> Floats:
    """AC1 from the agreement and the categories' shares [3, …]; its chance agreement never exceeds 1/3."""
    return beyond_chance(agreement, (shares * (1.0 - shares)).sum(axis=0) / (len(shares) - 1))


def fleiss_kappa(agreement: Floats, shares: Floats) -> Floats:
    """Fleiss' κ (1971): chance agreement is that of all judges drawing from the same shares."""
    return beyond_chance(agreement, (shares**2).sum(axis=0))


def krippendorff_alpha(matching: Floats, counts: Floats) -> Floats:
    """Nominal α (Krippendorff 2011) from `counts[3, …]` of pairable ratings and how many of them match within units.

    NaN where only one category occurs.
    """
    total = counts.sum(axis=0)
    differing = total**2 - (counts**2).sum(axis=0)
    certain = differing <= CERTAIN * total**2
    observed = (total - matching) * (total - 1)
    return np.where(certain, np.nan, 1.0 - observed / np.where(certain, 1.0, differing))
