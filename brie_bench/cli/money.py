"""What a run will take and what it took, in calls, tokens and US dollars."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from brie_bench.engine.calls.prices import PriceBook
    from brie_bench.engine.estimate import Forecast
    from brie_bench.plugin.kinds import Judge, Model
    from brie_bench.spec.leaderboard import Cost

F = TypeVar("F", bound=Callable[..., Any])


def prices_option(command: F) -> F:
    """`--prices FILE`."""
    return click.option(
        "--prices",
        "price_file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        envvar="BRIE_BENCH_PRICES",
        show_envvar=True,
        help="Your own prices, in YAML; they come before the price table's.",
    )(command)


def price_book(path: Path | None) -> PriceBook:
    """The prices of that file, and behind them the table's."""
    from brie_bench.engine.calls.prices import PriceBook
    from brie_bench.files import read_spec
    from brie_bench.spec.prices import PriceFile

    return PriceBook(read_spec(path, PriceFile).prices if path is not None else None)


def may_cost(*called: Iterable[Model | Judge]) -> bool:
    """Whether a call of any of these may cost something."""
    return any(each.paid is not False for some in called for each in some)


def forecast_text(found: Mapping[str, Forecast], heading: str = "") -> str:
    """A table of what would be called, and below it what its figures rest on. `heading` begins the last line."""
    from tabulate import tabulate

    from brie_bench.engine.estimate import ASSUMPTIONS
    from brie_bench.report.words import NONE, dollars, escape

    def number(value: int | None) -> str:
        return NONE if value is None else str(value)

    def row(what: str, calls: Sequence[int], tokens: Sequence[int | None], costs: Sequence[str]) -> list[str]:
        return [escape(what), *map(str, calls), *map(number, tokens), *costs]

    rows = [
        row(
            what,
            (each.planned, each.recorded, each.to_make),
            (each.input_tokens, each.output_tokens),
            (dollars(each.cost), dollars(each.worst)),
        )
        for what, each in found.items()
    ]
    calls = [sum(getattr(each, name) for each in found.values()) for name in ("planned", "recorded", "to_make")]
    tokens = [sum(getattr(each, name) or 0 for each in found.values()) for name in ("input_tokens", "output_tokens")]
    rows.append(row("in all", calls, tokens, (total(found, "cost"), total(found, "worst"))))
    headers = ["calls", "planned", "recorded", "to make", "input tokens", "output tokens", "cost", "at most"]
    align = ["left", *["right"] * 7]
    parts = [tabulate(rows, headers=headers, tablefmt="pipe", colalign=align, disable_numparse=True), ASSUMPTIONS]
    unknown = [f"- {escape(what)}: {escape(each.unknown)}." for what, each in found.items() if each.unknown]
    if unknown:
        parts.append("\n".join(["Not known, and counted as nothing, so that the sums are lower bounds:\n", *unknown]))
    if any(each.worst is None and not each.unknown for each in found.values()):
        parts.append("Nothing limits how long some answers may be: what they cost at most is not known.")
    parts.append(f"{heading}Nothing was called.")
    return "\n\n".join(parts)


def total(found: Mapping[str, Forecast], what: str) -> str:
    """The sum of `cost` or `worst`: a lower bound where one of them is not known."""
    from brie_bench.report.words import dollars

    amounts = [getattr(each, what) for each in found.values()]
    known = [amount for amount in amounts if amount is not None]
    unknown = len(known) < len(amounts)
    return dollars(None if unknown and not sum(known) else sum(known), at_least=unknown)


def spent_text(spent: float, found: Mapping[str, Forecast], costs: Sequence[Cost]) -> str:
    """What was spent, beside what was forecast. `costs` are those of the records, to say how many are not known."""
    from brie_bench.report.words import count, dollars

    unknown = sum(row.n_unknown for row in costs)
    of = f"; what {count(unknown, 'recorded call')} cost is not known" if unknown else ""
    paid = dollars(spent or (None if unknown else 0.0), at_least=unknown > 0)
    return f"cost: {paid}; forecast {total(found, 'cost')}, at most {total(found, 'worst')}{of}"
