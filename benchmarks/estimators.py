"""How fast are the statistics, beside a bare numpy floor and the libraries one would otherwise use?

`python benchmarks/estimators.py` prints one row a task: our time (best of several), the time of the least numpy that
does the resampling alone, our time by that floor, and the peers' times by ours. A peer marked * ran fewer resamples and is
scaled up. A peer that is not installed is left out. Exits 1 where our time is more than twice a floor. One core; about a
minute and a half.
"""

from __future__ import annotations

import importlib.util
import sys
import warnings
from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any

import numpy as np

from brie_bench import stats

RESAMPLES = 1000
GOAL = 2.0
"""Our time by the floor's, at most."""
RNG = np.random.default_rng(0)


def seconds(task: Callable[[], Any], times: int = 5) -> float:
    """The best of several runs."""
    best = float("inf")
    for _ in range(times):
        start = perf_counter()
        task()
        best = min(best, perf_counter() - start)
    return best


def show(time: float) -> str:
    return f"{time:.1f} s" if time >= 10 else f"{time:.2f} s" if time >= 1 else f"{1000 * time:.3g} ms"


def row(
    name: str, ours: Callable[[], Any], floor: Callable[[], Any] | None = None, **peers: tuple[Callable[[], Any], float]
) -> bool:
    """Print one task; a peer is its task and the factor by which it was scaled down. Whether it is within the goal."""
    ours()
    mine = seconds(ours)
    least = None if floor is None else seconds(floor)
    told = []
    for peer, (task, scale) in peers.items():
        if importlib.util.find_spec(peer) is not None:
            theirs = seconds(task, 1) * scale
            told.append(f"{peer}{'*' if scale > 1 else ''} {show(theirs)} (×{theirs / mine:.3g})")
    ratio = "" if least is None else f"{mine / least:.2f}"
    print(
        f"| {name} | {show(mine)} | {'' if least is None else show(least)} | {ratio} | {'; '.join(told)} |", flush=True
    )
    return least is None or mine <= GOAL * least


def win_rates() -> Iterator[bool]:
    n = 1_000_000
    prompt, judge = RNG.integers(0, 1000, n), RNG.integers(0, 4, n)
    score = RNG.choice([0.0, 0.5, 1.0], n, p=[0.3, 0.1, 0.6])

    def ours() -> Any:
        stats.win_rate(prompt, prompt, judge, score)
        return stats.anchored_ci(stats.prompt_means(prompt, prompt, judge, score).z)

    def interval_only() -> Any:
        return stats.anchored_ci(stats.prompt_means(prompt, prompt, None, score).z)

    def floor() -> Any:
        z = np.bincount(prompt, weights=score, minlength=1000) / np.bincount(prompt, minlength=1000)
        draws = np.empty(10_000)
        for start in range(0, 10_000, 1000):
            weights = np.random.default_rng(start).standard_exponential((1000, 1000))
            draws[start : start + 1000] = weights @ z / weights.sum(axis=1)
        return np.quantile(draws, [0.025, 0.975])

    def scipy() -> Any:
        from scipy.stats import bootstrap

        z = np.bincount(prompt, weights=score, minlength=1000) / np.bincount(prompt, minlength=1000)
        return bootstrap((z,), np.mean, n_resamples=10_000, rng=0)

    def statsmodels() -> Any:
        import statsmodels.api

        model = statsmodels.api.OLS(score, np.ones(n))
        return model.fit(cov_type="cluster", cov_kwds={"groups": prompt}).conf_int()

    yield row(
        "interval of 10⁶ judgments, by prompt", interval_only, floor, scipy=(scipy, 1), statsmodels=(statsmodels, 1)
    )
    yield row("the same with judges and all counts", ours, floor)


def small_intervals() -> Iterator[bool]:
    samples = [RNG.integers(0, 13, 57) / 12 for _ in range(100)]
    graded = RNG.random(805)

    def scipy() -> Any:
        from scipy.stats import bootstrap

        return bootstrap((samples[0],), np.mean, rng=0)

    yield row("100 intervals of 57 prompts", lambda: [stats.anchored_ci(z) for z in samples], scipy=(scipy, 100))
    yield row("interval of 805 graded prompts", lambda: stats.anchored_ci(graded))
    yield row("the same, 10 000 gamma draws", lambda: stats.anchored_ci(graded, method="resample"))


def sign_flips() -> Iterator[bool]:
    hard, graded = RNG.integers(-3, 5, 805) / 8, RNG.normal(0.01, 0.2, 805)

    def scipy() -> Any:
        from scipy.stats import permutation_test

        return permutation_test((hard,), np.mean, permutation_type="samples", n_resamples=9999, rng=0)

    yield row("sign-flip test of 805 prompts", lambda: stats.sign_flip_p(hard), scipy=(scipy, 1))
    yield row("the same, graded", lambda: stats.sign_flip_p(graded))


def ratings() -> Iterator[bool]:
    models, n = 20, 100_000
    prompt, i = RNG.integers(0, 1000, n), RNG.integers(0, models, n)
    j = (i + RNG.integers(1, models, n)) % models
    score = RNG.choice([0.0, 0.5, 1.0], n)

    def floor() -> Any:
        """Resampled win counts, and five Newton steps for each."""
        low, high = np.minimum(i, j), np.maximum(i, j)
        cells = np.zeros((1000, models * models))
        np.add.at(cells, (prompt, low * models + high), np.where(i == low, score, 1 - score))
        np.add.at(cells, (prompt, high * models + low), np.where(i == low, 1 - score, score))
        weights = np.random.default_rng(0).standard_exponential((RESAMPLES, 1000))
        table = (weights @ cells).reshape(RESAMPLES, models, models)
        games, s = table + table.transpose(0, 2, 1), np.zeros((RESAMPLES, models))
        for _ in range(5):
            chance = 1 / (1 + np.exp(s[:, None, :] - s[:, :, None]))
            curvature = games * chance * (1 - chance)
            hessian = np.eye(models) * (curvature.sum(axis=2) + 0.25)[:, :, None] - curvature
            gradient = table.sum(axis=2) - (games * chance).sum(axis=2)
            s += np.linalg.solve(hessian, gradient[:, :, None])[:, :, 0]
        return s

    def evalica() -> Any:
        import evalica

        winners = [evalica.Winner.X if y == 1 else evalica.Winner.Y if y == 0 else evalica.Winner.Draw for y in score]
        names = [str(k) for k in range(models)]
        xs, ys = [names[k] for k in i], [names[k] for k in j]
        return evalica.bootstrap(
            evalica.bradley_terry, xs, ys, winners, n_resamples=20, bootstrap_method="percentile", random_state=0
        )

    yield row(
        "Bradley-Terry, 10⁵ × 20, 1 000 resamples of 10³ prompts",
        lambda: stats.bt_bootstrap(prompt, i, j, score, models, n_resamples=RESAMPLES),
        floor,
        evalica=(evalica, RESAMPLES / 20),
    )
    many = RNG.integers(0, models, 1_000_000)
    others = (many + RNG.integers(1, models, many.size)) % models
    results = RNG.choice([0.0, 0.5, 1.0], many.size)
    yield row(
        "Bradley-Terry fit of 10⁶ games",
        lambda: stats.bt_fit(stats.bt_counts(many, others, results, models)),
        lambda: [np.bincount(many * models + others, weights=w, minlength=models**2) for w in (results, None)],
    )


def agreement() -> Iterator[bool]:
    n = 100_000
    truth = RNG.random((n, 1))
    blurred = np.where(RNG.random((n, 4)) < 0.7, truth, RNG.random((n, 4)))
    ratings = np.select([blurred < 0.6, blurred < 0.7], [1.0, 0.5], 0.0)

    def floor() -> Any:
        """Resampled counts of the 81 patterns."""
        code = (2 * ratings).astype(np.int64) @ (3 ** np.arange(4))
        counts = np.bincount(code, minlength=81)
        return np.random.default_rng(0).multinomial(n, counts / n, size=RESAMPLES)

    def krippendorff() -> Any:
        import krippendorff

        for _ in range(5):
            krippendorff.alpha(ratings.T, level_of_measurement="nominal", value_domain=[0.0, 0.5, 1.0])

    def evalica() -> Any:
        import evalica
        import pandas as pd

        return evalica.alpha_bootstrap(pd.DataFrame(ratings.T.astype(str)), n_resamples=RESAMPLES)

    def statsmodels() -> Any:
        from statsmodels.stats.inter_rater import fleiss_kappa

        for _ in range(5):
            fleiss_kappa(np.stack([(ratings == value).sum(axis=1) for value in (1.0, 0.5, 0.0)], axis=1))

    yield row(
        "agreement of 10⁵ × 4, 1 000 resamples",
        lambda: stats.agreement(ratings, n_resamples=RESAMPLES),
        floor,
        krippendorff=(krippendorff, RESAMPLES / 5),
        evalica=(evalica, 1),
        statsmodels=(statsmodels, RESAMPLES / 5),
    )
    prompt = RNG.integers(0, 1000, n)
    yield row("the same by 10³ prompts", lambda: stats.agreement(ratings, prompt, n_resamples=RESAMPLES))


def main() -> int:
    warnings.simplefilter("ignore")
    print("| task | ours | numpy floor | ours / floor | others (by ours) |\n|---|---|---|---|---|")
    families = (win_rates, small_intervals, sign_flips, ratings, agreement)
    met = [each for family in families for each in family()]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
