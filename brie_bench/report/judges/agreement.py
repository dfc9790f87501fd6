"""Do the judges agree with each other?"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from brie_bench import stats
from brie_bench.report.judges.bench import Bench, draws_for
from brie_bench.report.standings import as_interval
from brie_bench.spec.leaderboard import Agreement, PanelAgreement


def agreements(bench: Bench) -> tuple[list[Agreement], PanelAgreement]:
    """Every two judges on the pairs that both judged, and the panel; verdicts, never graded preferences."""
    judges = [judge.name for judge in bench.table.judges]
    if len(judges) < 2:
        reason = "one judge: agreement needs two"
        nothing = dict.fromkeys(("alpha", "alpha_interval", "fleiss_kappa", "ac1", "unanimous"))
        return [], PanelAgreement(n_pairs=0, reason=reason, **bench.who, **nothing)
    # in the order of their names: draws must not depend on who is named first in the records
    column = np.argsort(np.argsort(np.array(judges, dtype=object)))
    ratings = np.full((bench.score.size, len(judges)), np.nan)
    ratings[np.arange(bench.score.size), column[bench.judge]] = bench.score
    order = None
    if bench.table.both_orders and not np.isnan(bench.shown).any():
        order = bench.shown.astype(np.intp)
    draws = draws_for(np.unique(bench.prompt).size)
    found = stats.agreement(ratings, bench.prompt, pair=bench.pair, order=order, n_resamples=draws)
    pairs, pair = np.unique(bench.pair, return_inverse=True)
    verdicts = np.bincount(pair * len(judges) + bench.judge, minlength=pairs.size * len(judges)).reshape(
        pairs.size, len(judges)
    )
    n_judges = np.count_nonzero(verdicts, axis=1)
    couples = {
        (i, j): found.pairs[min(column[i], column[j]), max(column[i], column[j])]
        for i, j in combinations(range(len(judges)), 2)
    }
    rows = [
        Agreement(
            **bench.who,
            judges=(judges[i], judges[j]),
            n_pairs=two.n,
            n_prompts=two.n_prompts,
            agreement=two.agreement,
            agreement_interval=as_interval(two.interval),
            expected=two.expected,
            kappa=two.kappa,
            kappa_interval=as_interval(two.kappa_interval),
            ac1=two.ac1,
            ac1_interval=as_interval(two.ac1_interval),
            n_judgments=int(verdicts[(verdicts[:, i] > 0) & (verdicts[:, j] > 0)][:, [i, j]].sum()),
            n_failures=bench.failures[i] + bench.failures[j],
            reason=_agreement_reason(two.n, two.kappa),
        )
        for (i, j), two in couples.items()
    ]
    panel = PanelAgreement(
        **bench.who,
        alpha=found.alpha,
        alpha_interval=as_interval(found.alpha_interval),
        fleiss_kappa=found.fleiss,
        ac1=found.ac1,
        unanimous=found.unanimous,
        n_pairs=found.n,
        n_prompts=found.n_prompts,
        n_judges=len(judges),
        n_complete=int(np.count_nonzero(n_judges == len(judges))),
        n_judgments=int(verdicts[n_judges > 1].sum()),
        n_failures=sum(bench.failures),
        reason=None if found.n else "no pair was judged by two judges",
    )
    return rows, panel


def _agreement_reason(n: int, kappa: float | None) -> str | None:
    if not n:
        return "no pair was judged by both"
    return "both gave one verdict throughout: chance alone would agree always" if kappa is None else None
