"""Options that several commands share."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


class Finite(click.FloatRange):
    """A number in a range, and a number: click lets NaN into every range."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Refuse NaN and infinity: a gate that compares with NaN never closes."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{number} is not finite.", param, ctx)
        return number


def runs_option(command: F) -> F:
    """`--runs DIR`."""
    return click.option(
        "--runs",
        "folder",
        type=click.Path(path_type=Path, file_okay=False),
        default=Path("runs"),
        envvar="BRIE_BENCH_RUNS",
        show_default=True,
        show_envvar=True,
        help="The working folder: its ledger serves all runs.",
    )(command)


def exam_option(command: F) -> F:
    """`--skip-exam`."""
    return click.option(
        "--skip-exam", is_flag=True, help="Let judges that cost money judge unexamined; the run's record says so."
    )(command)


def cost_limit_option(command: F) -> F:
    """`--cost-limit USD`."""
    return click.option(
        "--cost-limit",
        type=Finite(min=0.0),
        metavar="USD",
        envvar="BRIE_BENCH_COST_LIMIT",
        show_envvar=True,
        help="What the run may spend, in US dollars, all commands that continue it together.",
    )(command)


def batch_options(command: F) -> F:
    """`--batch` and `--batch-pause`."""
    command = click.option(
        "--batch-pause",
        type=Finite(min=0.1),
        default=60.0,
        envvar="BRIE_BENCH_BATCH_PAUSE",
        show_default=True,
        show_envvar=True,
        help="The longest pause between two looks at a batch, in seconds.",
    )(command)
    return click.option(
        "--batch",
        is_flag=True,
        help="Use the providers' batch services: half the price, and up to a day to wait.",
    )(command)


def engine_options(command: F) -> F:
    """How calls are made: `--max-connections`, `--requests-per-minute`, `--tokens-per-minute`, `--timeout`, `--attempts` and
    `--retry-failures`, each under the name of its field in `Settings`."""
    from brie_bench.engine.calls.pool import CONNECTIONS, TIMEOUT
    from brie_bench.engine.calls.retrying import ATTEMPTS

    command = click.option(
        "--attempts",
        type=click.IntRange(1, 100),
        default=ATTEMPTS,
        envvar="BRIE_BENCH_ATTEMPTS",
        show_default=True,
        show_envvar=True,
        help="How often a call is tried that may succeed later.",
    )(command)
    for what in ("tokens", "requests"):
        command = click.option(
            f"--{what}-per-minute",
            type=click.IntRange(1),
            envvar=f"BRIE_BENCH_{what.upper()}_PER_MINUTE",
            show_envvar=True,
            help=f"The most {what} in a minute, for each provider.",
        )(command)
    command = click.option(
        "--max-connections",
        "connections",
        type=click.IntRange(1, 1000),
        default=CONNECTIONS,
        envvar="BRIE_BENCH_MAX_CONNECTIONS",
        show_default=True,
        show_envvar=True,
        help="Calls at a time, for each provider.",
    )(command)
    command = click.option(
        "--timeout",
        type=Finite(min=0.0, min_open=True),
        default=TIMEOUT,
        envvar="BRIE_BENCH_TIMEOUT",
        show_default=True,
        show_envvar=True,
        help="Seconds that one attempt at a call may take.",
    )(command)
    return click.option("--retry-failures", is_flag=True, help="Ask again where a failure is recorded.")(command)
