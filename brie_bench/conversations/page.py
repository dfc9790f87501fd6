"""What a pile of conversations consists of, as one page: it loads nothing, runs nothing, and has a table behind each plot."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from brie_bench.conversations.plots import bars
from brie_bench.conversations.summary import Summary, sentences
from brie_bench.errors import PluginError, plain

_HERE = Path(__file__).parent
_MOST_MONTHS = 120


class Plot(NamedTuple):
    """Counts to show, with what they count."""

    title: str
    name: str
    """What the first column holds."""
    unit: str
    """What is counted."""
    counts: Mapping[str, int]
    svg: str


def page(summary: Summary, sources: Sequence[str]) -> str:
    """The page. Raises PluginError where the libraries for it are not installed."""
    try:
        from jinja2 import Environment, StrictUndefined
        from markupsafe import Markup

        plots = [
            Plot(title, name, unit, counts, Markup(bars(counts, f"{title}, as bars; the table below has the numbers")))  # noqa: S704  escaped by its writer
            for title, name, unit, counts in _shown(summary)
            if counts
        ]
    except ModuleNotFoundError as error:
        raise PluginError(
            f"an HTML page needs {error.name}, which is not installed.", mend="pip install 'brie-bench[report]'"
        ) from None
    style = (_HERE / "page.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    template = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return template.from_string((_HERE / "page.html").read_text("utf-8")).render(
        names=[plain(each, 200) for each in sources],
        sentences=sentences(summary),
        plots=plots,
        plain=plain,
        style=Markup(style),  # noqa: S704  our own file
        policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
    )


def _shown(summary: Summary) -> list[tuple[str, str, str, Mapping[str, int]]]:
    numbered = {str(n): prompts for n, prompts in summary.responses_per_prompt.items()}
    turns = {str(n): conversations for n, conversations in summary.turns.items()}
    unit = "tokens" if summary.tokens else "words"
    per = "conversations"
    return [
        ("Responses to a prompt", "responses", "prompts", numbered),
        ("Turns of a conversation", "turns", per, turns),
        (f"Length of a response, in {unit}", unit, "responses", summary.lengths),
        ("Over time", "month", per, _without_gaps(summary.months)),
        ("Domains", "domain", per, summary.domains),
        ("Phases", "phase", per, summary.phases),
        ("Splits", "split", per, summary.splits),
        ("Models that helped", "model", per, summary.models),
        ("Labs of these models", "lab", per, summary.labs),
        ("Commonest patterns", "pattern", per, summary.patterns),
    ]


def _without_gaps(months: Mapping[str, int]) -> dict[str, int]:
    """Every month from the first to the last, and then what has none; as they are where that would be too many."""
    known = sorted(each for each in months if each != "unknown")
    if not known:
        return dict(months)
    first, last = (12 * int(each[:4]) + int(each[5:]) - 1 for each in (known[0], known[-1]))
    if last - first >= _MOST_MONTHS:
        return dict(months)
    names = [f"{number // 12:04}-{number % 12 + 1:02}" for number in range(first, last + 1)]
    rest = {"unknown": months["unknown"]} if "unknown" in months else {}
    return {name: months.get(name, 0) for name in names} | rest
