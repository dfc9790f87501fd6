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


def engine_options(command: F) -> F:
    """`--max-connections`, `--timeout` and `--retry-failures`."""
    from brie_bench.engine.pool import CONNECTIONS, TIMEOUT

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
        help="Seconds that one call may take.",
    )(command)
    return click.option("--retry-failures", is_flag=True, help="Ask again where a failure is recorded.")(command)
