"""`brie-bench judge RUN --judge J`: recorded completions, judged again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from brie_bench.cli.money import prices_option
from brie_bench.cli.options import batch_options, cost_limit_option, engine_options, exam_option, runs_option
from brie_bench.errors import UsageError


@click.command()
@click.argument("run")
@click.option(
    "--judge", "judges", metavar="J", multiple=True, required=True, help="A judge, or a model for the rubric judge."
)
@click.option(
    "--order",
    type=click.Choice(["both", "random"]),
    default="both",
    show_default=True,
    help="Show each pair in both orders, or in the drawn one.",
)
@click.option(
    "--judge-repeats", "repeats", type=click.IntRange(1), default=1, show_default=True, help="Ask each judge so often."
)
@engine_options
@batch_options
@exam_option
@runs_option
@cost_limit_option
@prices_option
@click.option("--dry-run", is_flag=True, help="Say what would be called, how often, and what it would cost.")
@click.pass_context
def command(
    context: click.Context,
    run: str,
    judges: tuple[str, ...],
    order: str,
    repeats: int,
    folder: Path,
    connections: int,
    requests_per_minute: int | None,
    tokens_per_minute: int | None,
    timeout: float,
    attempts: int,
    retry_failures: bool,
    cost_limit: float | None,
    batch: bool,
    batch_pause: float,
    skip_exam: bool,
    price_file: Path | None,
    dry_run: bool,
) -> None:
    """Judge a run's recorded completions by other judges.

    This makes a new run that names RUN as its parent. No contender is asked anything.
    """
    from brie_bench.cli.money import forecast_text, may_cost, price_book, spent_text
    from brie_bench.cli.show import conclude, interruptible, make_progress
    from brie_bench.engine.calls.pool import Stop
    from brie_bench.engine.forecast import forecast_judging
    from brie_bench.engine.ledger import Ledger
    from brie_bench.engine.plan import Seat
    from brie_bench.engine.run import judge_again
    from brie_bench.engine.settings import Batching, Settings
    from brie_bench.plugin.catalog import Catalog
    from brie_bench.report.publish import save_leaderboard
    from brie_bench.spec.config import OrderPolicy

    catalog = Catalog()
    seats = [Seat(ref.name, catalog.judge(ref.judge)) for ref in judge_refs(judges)]
    prices = price_book(price_file)
    settings = Settings(
        connections=connections,
        requests_per_minute=requests_per_minute,
        tokens_per_minute=tokens_per_minute,
        timeout=timeout,
        attempts=attempts,
        retry_failures=retry_failures,
        cost_limit=cost_limit,
        prices=prices,
        batch=Batching(longest=batch_pause) if batch else None,
        skip_exam=skip_exam,
        progress=make_progress(),
        stop=Stop(),
    )
    with Ledger(folder, create=False) as ledger:
        how: dict[str, Any] = {"order": OrderPolicy(order), "repeats": repeats}
        parent, expected = ledger.run(run), {}
        if dry_run or may_cost([seat.judge for seat in seats]):
            expected = forecast_judging(parent, seats, ledger, settings, prices, **how)
        if dry_run:
            click.echo(forecast_text(expected))
            return
        with interruptible(settings.stop):
            outcome = judge_again(parent, seats, ledger, settings, folder=folder, **how)
        planned = f"{ledger.n_judged(outcome.run.number)} judgments are recorded."
        board, text = save_leaderboard(ledger, outcome.run, folder / outcome.run.id)
    if not outcome.interrupted:
        click.echo(text, nl=False)
    if expected:
        costs = [row for row in board.costs if row.role == "judge"]
        click.echo(spent_text(ledger.spent, expected, costs), err=True)
    context.exit(conclude(outcome, folder, planned))


def judge_refs(texts: Sequence[str]) -> list[Any]:
    """The judges that `--judge` names, each once; two of one name are one too many."""
    from pydantic import ValidationError

    from brie_bench.cli.run_command import named_judge
    from brie_bench.files import first_error
    from brie_bench.spec.config import JudgeRef

    found: dict[str, JudgeRef] = {}
    for text in dict.fromkeys(texts):
        try:
            ref = JudgeRef.model_validate(named_judge(text))
        except ValidationError as error:
            raise UsageError(f"--judge '{text}': {first_error(error, JudgeRef)}") from None
        if ref.name in found:
            raise UsageError(f"two judges are called '{ref.name}'.", mend="Write --judge NAME=J.")
        found[ref.name] = ref
    return list(found.values())
