"""`brie-bench judge RUN --judge J`: recorded completions, judged again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from brie_bench.cli.options import engine_options, runs_option
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
@runs_option
@click.pass_context
def command(
    context: click.Context,
    run: str,
    judges: tuple[str, ...],
    order: str,
    repeats: int,
    folder: Path,
    connections: int,
    timeout: float,
    retry_failures: bool,
) -> None:
    """Judge a run's recorded completions by other judges.

    This makes a new run that names RUN as its parent. No contender is asked anything.
    """
    from brie_bench.cli.show import conclude, interruptible, make_progress
    from brie_bench.engine.ledger import Ledger
    from brie_bench.engine.plan import Seat
    from brie_bench.engine.pool import Stop
    from brie_bench.engine.run import judge_again
    from brie_bench.engine.settings import Settings
    from brie_bench.plugin.catalog import Catalog
    from brie_bench.report.publish import save_leaderboard
    from brie_bench.spec.config import OrderPolicy

    catalog = Catalog()
    seats = [Seat(ref.name, catalog.judge(ref.judge)) for ref in judge_refs(judges)]
    settings = Settings(
        connections=connections, timeout=timeout, retry_failures=retry_failures, progress=make_progress(), stop=Stop()
    )
    with Ledger(folder, create=False) as ledger:
        with interruptible(settings.stop):
            outcome = judge_again(
                ledger.run(run), seats, ledger, settings, folder=folder, order=OrderPolicy(order), repeats=repeats
            )
        planned = f"{ledger.n_judged(outcome.run.number)} judgments are recorded."
        _, text = save_leaderboard(ledger, outcome.run, folder / outcome.run.id)
    if not outcome.interrupted:
        click.echo(text, nl=False)
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
