"""A run's money: whether its calls have a price, and what it has spent, across commands and crashes."""

from __future__ import annotations

from collections.abc import Iterable

from brie_bench.engine.ledger import Ledger
from brie_bench.engine.settings import Settings
from brie_bench.errors import UsageError, plain
from brie_bench.plugin.kinds import Judge, Model, ModelJudge


def check_prices(called: Iterable[tuple[str, Model | Judge]], settings: Settings) -> None:
    """Raise UsageError where there is a cost limit and nobody knows what a call of one of these, by name, costs."""
    if settings.cost_limit is None:
        return
    for name, plugin in called:
        model = plugin if isinstance(plugin, Model) else plugin.model if isinstance(plugin, ModelJudge) else None
        if model is None:
            unknown = "" if plugin.paid is False else "it does not say what its calls cost"
        elif settings.prices is None:
            unknown = "no prices are known"
        else:
            unknown = settings.prices.unknown(model)
        if unknown:
            raise UsageError(
                f"there is a cost limit, and the price of '{plain(name)}' is not known: {unknown}.",
                mend="Or leave --cost-limit out.",
            )


def resume_spending(run: int, ledger: Ledger, settings: Settings) -> None:
    """Count what the run of that number may have spent before, and keep the ledger's note of it."""

    def note(dollars: float) -> None:
        with ledger.transaction():
            ledger.write("INSERT OR REPLACE INTO spending VALUES (?, ?)", run, dollars)

    rows = ledger.select("SELECT dollars FROM spending WHERE run = ?", run)
    settings.asker.budget.run = run
    settings.asker.budget.resume(rows[0][0] if rows else 0.0, note)
