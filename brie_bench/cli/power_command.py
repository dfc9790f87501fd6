"""`brie-bench power`: is n enough?"""

from __future__ import annotations

from pathlib import Path

import click

from brie_bench.cli.options import Finite, runs_option
from brie_bench.errors import UsageError


@click.command()
@click.argument("suite", required=False)
@click.option("--run", metavar="RUN", help="For a recorded run: the prompts that have a verdict.")
@click.option("-n", "n", type=click.IntRange(1, 100_000), help="For so many distinct prompts.")
@click.option("--rate", type=Finite(0.0, 1.0), help="The true win rate you hope to find.")
@click.option("--power", type=Finite(0.05, 0.99), default=0.8, show_default=True, help="How often you want to find it.")
@runs_option
def command(suite: str | None, run: str | None, n: int | None, rate: float | None, power: float, folder: Path) -> None:
    """Say whether so many prompts are enough.

    For SUITE, a recorded run or a number of prompts: what they can find, and how many prompts a wish costs.
    """
    from brie_bench.report.planning import plan_text

    if sum(each is not None for each in (suite, run, n)) != 1:
        raise UsageError(
            "name one of SUITE, --run RUN and -n N.", mend="For example: brie-bench power comprehensive57 --rate 0.7"
        )
    if rate == 0.5:
        raise UsageError(
            "a rate of 0.5 is no difference: no number of prompts finds it.", mend="Give the rate you hope for."
        )
    plans = [plan_text(prompts, what, power=power, rate=rate) for what, prompts in _prompts(suite, run, n, folder)]
    click.echo("\n".join(plans), nl=False)


def _prompts(suite: str | None, run: str | None, n: int | None, folder: Path) -> list[tuple[str, int]]:
    from brie_bench.engine.ledger import Ledger
    from brie_bench.files import read_suite
    from brie_bench.report.reading import read_tables
    from brie_bench.report.standings import standings_of
    from brie_bench.report.words import escape
    from brie_bench.shipped import find_suite

    if n is not None:
        return [("A suite", n)]
    if suite is not None:
        found = read_suite(find_suite(suite))
        return [(f"{escape(found.name)} ({found.n_items} items)", found.n_prompts)]
    with Ledger(folder, create=False) as ledger:
        rows = standings_of(read_tables(ledger, [ledger.run(run or "")]), soft=None)
    return [
        (f"{escape(row.contender)} on {escape(row.suite)}", row.n_prompts) for row in rows if row.verdict is not None
    ]
