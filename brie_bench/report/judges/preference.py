"""What does a judge give its own lab's model?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from brie_bench import stats
from brie_bench.report.judges.bench import Bench
from brie_bench.report.standings import as_interval
from brie_bench.spec.leaderboard import SelfPreference


def self_preferences(bench: Bench) -> Iterator[SelfPreference]:
    """For a side of some judge's lab, what that judge gives it beyond what other labs' judges give it."""
    sides = (bench.table.contenders[bench.contender].lab, bench.table.baseline.lab)
    labs = [judge.lab for judge in bench.table.judges]
    for judge, player in enumerate(bench.table.judges):
        others = [index for index, lab in enumerate(labs) if lab is not None and lab != player.lab]
        if player.lab is None or player.lab not in sides or not others:
            continue
        both = np.flatnonzero(np.isin(bench.judge, [judge, *others]))
        means = [
            stats.prompt_means(bench.prompt[rows], bench.pair[rows], bench.judge[rows], bench.soft[rows])
            for rows in (bench.judge == judge, np.isin(bench.judge, others))
        ]
        shared, a, b = np.intersect1d(means[0].prompts, means[1].prompts, return_indices=True)
        own, theirs = means[0].z[a], means[1].z[b]
        contender = player.lab == sides[0]
        found = stats.paired_difference(own, theirs) if contender else stats.paired_difference(theirs, own)
        reason = None if shared.size else "no prompt was judged by both"
        if sides[0] == sides[1]:
            reason = "both sides are of this lab: it has none to prefer"
        yield SelfPreference(
            **bench.who,
            judge=player.name,
            lab=player.lab,
            side="contender" if contender else "baseline",
            excess=None if reason else found.difference,
            interval=None if reason else as_interval(found.interval),
            **bench.counts(both[np.isin(bench.prompt[both], shared)]),
            n_failures=bench.failures[judge] + sum(bench.failures[other] for other in others),
            reason=reason,
        )
