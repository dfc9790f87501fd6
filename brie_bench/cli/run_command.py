"""`brie-bench run SUITE`: the whole line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from brie_bench.cli.money import prices_option
from brie_bench.cli.options import Finite, batch_options, cost_limit_option, engine_options, exam_option, runs_option
from brie_bench.errors import UsageError

DEFAULTS: dict[str, Any] = {
    "baseline": {"name": "plain", "model": "ngram/plain"},
    "contenders": {"authored": "ngram/authored"},
    "judges": ["variety", "cadence", "echo"],
}
"""The embedded default: two n-gram models and three measuring judges; no key, no network, no GPU."""


@click.command()
@click.argument("suite", envvar="BRIE_BENCH_SUITE")
@click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path),
    envvar="BRIE_BENCH_CONFIG",
    show_envvar=True,
    help="A run's configuration, in YAML, or the name of one in recipes/; flags and environment come before it.",
)
@click.option(
    "--baseline", metavar="M", envvar="BRIE_BENCH_BASELINE", show_envvar=True, help="The baseline: MODEL or NAME=MODEL."
)
@click.option(
    "--contender",
    "contenders",
    metavar="NAME=M",
    multiple=True,
    envvar="BRIE_BENCH_CONTENDER",
    show_envvar=True,
    help="A contender; replaces the configured ones.",
)
@click.option(
    "--judge",
    "judges",
    metavar="J",
    multiple=True,
    envvar="BRIE_BENCH_JUDGE",
    show_envvar=True,
    help="A judge, or a model for the rubric judge; replaces the configured ones.",
)
@click.option(
    "--order",
    type=click.Choice(["both", "random"]),
    envvar="BRIE_BENCH_ORDER",
    show_envvar=True,
    help="Show each pair in both orders (the default), or in one, drawn and balanced.",
)
@click.option(
    "--judge-repeats",
    type=click.IntRange(1),
    envvar="BRIE_BENCH_JUDGE_REPEATS",
    show_envvar=True,
    help="Ask each judge so often.",
)
@click.option("--seed", type=int, envvar="BRIE_BENCH_SEED", show_envvar=True, help="Draws the orders.")
@click.option(
    "--limit",
    type=click.IntRange(1),
    envvar="BRIE_BENCH_LIMIT",
    show_envvar=True,
    help="Only the suite's first so many items.",
)
@engine_options
@batch_options
@runs_option
@exam_option
@cost_limit_option
@prices_option
@click.option("--dry-run", is_flag=True, help="Say what would be called, how often, and what it would cost.")
@click.option("--fresh", is_flag=True, help="A new replicate of the run: everything is asked again.")
@click.option("--soft", is_flag=True, help="Score by graded preferences where judges give them.")
@click.option(
    "--fail-under",
    type=Finite(0.0, 1.0),
    metavar="RATE",
    help="Exit 100 unless every headline's lower bound reaches it.",
)
@click.pass_context
def command(
    context: click.Context,
    /,
    suite: str,
    config: Path | None,
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
    fresh: bool,
    soft: bool,
    fail_under: float | None,
    **flags: Any,
) -> None:
    """Run a suite: complete, judge blind, print the leaderboard.

    SUITE is a folder, or the name of a suite that comes with the tool. Without a configuration two embedded n-gram
    models meet before three measuring judges: a demonstration that needs no key, no network and no GPU. Repeating a
    command continues its run; nothing recorded is asked again.
    """
    from dataclasses import replace

    from brie_bench.cli.money import forecast_text, may_cost, price_book, spent_text
    from brie_bench.cli.show import conclude, interruptible, make_progress
    from brie_bench.conversations.training import training_of
    from brie_bench.engine.calls.pool import Stop
    from brie_bench.engine.forecast import forecast_run
    from brie_bench.engine.ledger import Ledger
    from brie_bench.engine.plan import make_plan
    from brie_bench.engine.run import next_replicate, run
    from brie_bench.engine.settings import Batching, Settings
    from brie_bench.files import read_suite
    from brie_bench.plugin.catalog import Catalog
    from brie_bench.report.publish import save_leaderboard
    from brie_bench.shipped import find_suite

    experiment = read_suite(find_suite(suite))
    chosen = configured(config, flags)
    plan = replace(
        make_plan(experiment, chosen, Catalog()),
        training=training_of(experiment, (chosen.baseline, *chosen.contenders)),
    )
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
    if dry_run:
        with Ledger(folder, create=False) if (folder / "ledger.sqlite").exists() else Ledger.in_memory() as ledger:
            plan = next_replicate(plan, ledger) if fresh else plan
            click.echo(forecast_text(forecast_run(plan, ledger, settings, prices), f"Run {plan.id}. "))
        return
    with Ledger(folder) as ledger:
        plan = next_replicate(plan, ledger) if fresh else plan
        called = [side.model for side in plan.sides], [seat.judge for seat in plan.seats]
        expected = forecast_run(plan, ledger, settings, prices) if may_cost(*called) else {}
        with interruptible(settings.stop):
            outcome = run(plan, ledger, settings, folder=folder)
        made = ledger.n_judged(outcome.run.number)
        planned = (
            f"{made} of {plan.n_items * len(plan.contenders) * len(plan.seats) * plan.per_pair} judgments are recorded."
        )
        board, text = save_leaderboard(ledger, outcome.run, folder / outcome.run.id, soft=soft or None)
    if not outcome.interrupted:
        click.echo(text, nl=False)
    if expected:
        click.echo(spent_text(ledger.spent, expected, board.costs), err=True)
    status = conclude(outcome, folder, planned)
    if status == 0 and fail_under is not None:
        status = gate(board, fail_under)
    context.exit(status)


def configured(path: Path | None, flags: dict[str, Any]) -> Any:
    """The run's configuration: flags and environment, then the file, then the defaults."""
    from pydantic import ValidationError

    from brie_bench.files import first_error, read_config
    from brie_bench.shipped import find_recipe
    from brie_bench.spec.config import RunConfig

    written = read_config(find_recipe(path)) if path is not None else {}
    given = {name: value for name, value in flags.items() if value not in (None, ())}
    if "baseline" in given:
        given["baseline"] = _named(given["baseline"], "baseline", "baseline")
    if "contenders" in given:
        given["contenders"] = [_named(text, None, "contender") for text in given["contenders"]]
    if "judges" in given:
        given["judges"] = [named_judge(text) for text in given["judges"]]
    chosen = {**written, **given}
    if "contenders" in chosen and "baseline" not in chosen:
        raise UsageError("a contender without a baseline.", mend="Add --baseline MODEL, or 'baseline:' to the file.")
    if "baseline" in chosen and "contenders" not in chosen:
        raise UsageError(
            "a baseline without a contender.", mend="Add --contender NAME=MODEL, or 'contenders:' to the file."
        )
    try:
        return RunConfig.model_validate({**DEFAULTS, **chosen})
    except ValidationError as error:
        raise UsageError(first_error(error, RunConfig)) from None  # the file was checked when it was read


def _named(text: str, default: str | None, what: str) -> dict[str, Any]:
    name, equals, model = text.partition("=")
    if not equals or "/" in name:
        if default is None:
            raise UsageError(f"--{what} '{text}' names no model.", mend=f"Write --{what} NAME=MODEL.")
        name, model = default, text
    if not name or not model:
        raise UsageError(f"--{what} '{text}' lacks a name or a model.", mend=f"Write --{what} NAME=MODEL.")
    return {"name": name, "model": model}


def named_judge(text: str) -> dict[str, Any]:
    """`J`, or `NAME=J`."""
    name, equals, judge = text.partition("=")
    return {"name": name, "judge": judge} if equals and judge and "/" not in name else {"name": text, "judge": text}


def gate(board: Any, rate: float) -> int:
    """100 unless the lower bound of every headline reaches `rate`."""
    below = []
    for row in board.standings:
        if row.verdict is not None and (row.interval is None or row.interval.low < rate):
            low = f"{row.interval.low:.3f}" if row.interval else "unknown"
            below.append(f"{row.contender} on {row.suite}: lower bound {low}")
    if below:
        click.echo(f"brie-bench: below {rate:g}: {'; '.join(below)}", err=True)
    return 100 if below else 0
