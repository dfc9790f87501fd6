"""Small runs with scripted models and judges, and imports of records written on the spot."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conftest import judge_class, model_class, plugin_of

from brie_bench import Failed, Imported, Presentation, Request, Verdict
from brie_bench.engine.ledger import Ledger, RunRow
from brie_bench.engine.plan import Seat, make_plan
from brie_bench.engine.records.importing import import_records
from brie_bench.engine.run import judge_again
from brie_bench.engine.run import run as run_plan
from brie_bench.engine.settings import Settings
from brie_bench.plugin.catalog import Catalog
from brie_bench.plugin.manager import make_manager
from brie_bench.report.publish import leaderboard_of
from brie_bench.report.reading import read_tables
from brie_bench.report.table import Table
from brie_bench.spec.config import JudgeRef, RunConfig
from brie_bench.spec.leaderboard import Leaderboard
from brie_bench.spec.prompt import Prompt
from brie_bench.spec.suite import Section, Suite

Decide = Callable[[Presentation], Verdict]
Answer = Callable[[Request], Any]


def longer(shown: Presentation) -> Verdict:
    """Prefers the longer text, in whatever slot; a tie where they are equal."""
    a, b = len(shown.a), len(shown.b)
    return Verdict(label="tie" if a == b else "A" if a > b else "B")


def first(shown: Presentation) -> Verdict:
    """Prefers slot A."""
    return Verdict(label="A")


def silent(shown: Presentation) -> Verdict:
    """Never has a verdict."""
    raise Failed("unparsed", "nothing to read", raw="hm")


def brief(request: Request) -> str:
    """A short answer of its own to each prompt."""
    return f"Briefly: {request.messages[-1].content}"


def full(request: Request) -> str:
    """A longer one."""
    return f"At length, and with care: {request.messages[-1].content}"


def suite_of(
    n: int = 3,
    name: str = "tiny",
    *,
    kind: str = "in_domain",
    start: int = 0,
    sections: Sequence[Section] = (),
    **grid: Any,
) -> Suite:
    """A suite of one section with `n` prompts, or of these sections."""
    return Suite(name=name, title="Tiny", sections=tuple(sections) or (section_of(n, kind=kind, start=start, **grid),))


def section_of(n: int, name: str = "all", *, kind: str = "in_domain", start: int = 0, **grid: Any) -> Section:
    """A section of `n` prompts, numbered from `start`."""
    prompts = tuple(Prompt(id=f"p-{number}", text=f"What is {number} good for?") for number in range(start, start + n))
    return Section(name=name, kind=kind, prompts=prompts, **grid)


@dataclass
class Bench:
    """A working folder, and the plugins that runs in it may name."""

    folder: Path
    models: Mapping[str, Answer] = field(default_factory=lambda: {"brief": brief, "full": full})
    judges: Mapping[str, Decide] = field(default_factory=lambda: {"longer": longer, "first": first, "silent": silent})

    def catalog(self) -> Catalog:
        """Only these plugins."""
        plugin = plugin_of(
            models=tuple(model_class(*each) for each in self.models.items()),
            judges=tuple(judge_class(*each) for each in self.judges.items()),
        )
        return Catalog(make_manager([plugin], discover=False))

    def run(self, suite: Suite | None = None, **config: Any) -> str:
        """Run `full` against `brief` judged by `longer`, or as configured; the run's id."""
        given = {"baseline": "brief", "contenders": {"full": "full"}, "judges": ["longer"], **config}
        plan = make_plan(suite or suite_of(), RunConfig.model_validate(given), self.catalog())
        with Ledger(self.folder) as ledger:
            run_plan(plan, ledger, Settings(), folder=self.folder)
        return plan.id

    def judge(self, run: str, *judges: str) -> str:
        """Judge that run's completions again; the new run's id."""
        catalog = self.catalog()
        seats = [Seat(name, catalog.judge(JudgeRef.model_validate(name).judge)) for name in judges]
        with Ledger(self.folder) as ledger:
            return judge_again(ledger.run(run), seats, ledger, Settings(), folder=self.folder).run.id

    def records(self, records: Sequence[Imported], name: str = "recorded") -> str:
        """Import these records as a run."""
        with Ledger(self.folder) as ledger:
            import_records(records, ledger, name, "test")
        return name

    def rows(self, *runs: str) -> list[RunRow]:
        """The runs of these ids."""
        with Ledger(self.folder) as ledger:
            return [ledger.run(run) for run in runs]

    def tables(self, *runs: str) -> list[Table]:
        """Their tables."""
        with Ledger(self.folder) as ledger:
            return read_tables(ledger, [ledger.run(run) for run in runs])

    def board(self, *runs: str, soft: bool | None = None) -> Leaderboard:
        """Their leaderboard, findings included."""
        with Ledger(self.folder) as ledger:
            return leaderboard_of(ledger, [ledger.run(run) for run in runs], soft=soft)

    def damage(self, statement: str, *values: Any) -> None:
        """Change the ledger behind everybody's back."""
        with Ledger(self.folder) as ledger, ledger.transaction():
            ledger.select(statement, *values)
