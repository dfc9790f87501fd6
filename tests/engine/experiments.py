"""Small experiments: suites in memory, scripted models and judges that remember what they were asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conftest import judge_class, model_class, plugin_of

from brie_bench import Model, Presentation, Request, Usage, Verdict
from brie_bench.engine.ledger import Ledger
from brie_bench.engine.plan import Plan, make_plan
from brie_bench.engine.run import Outcome, run
from brie_bench.engine.settings import Settings
from brie_bench.plugin.catalog import Catalog
from brie_bench.plugin.manager import make_manager
from brie_bench.spec.config import RunConfig
from brie_bench.spec.prompt import Prompt
from brie_bench.spec.suite import Section, Suite


def prompts_of(n: int, *, start: int = 0) -> tuple[Prompt, ...]:
    """`n` prompts with words of their own."""
    return tuple(Prompt(id=f"p-{number}", text=f"What is {number} good for?") for number in range(start, start + n))


def section_of(prompts: Sequence[Prompt], name: str = "all", **grid: Any) -> Section:
    """A section; several repeats make it one of reproducibility."""
    kind = "reproducibility" if grid.get("repeats", 1) > 1 else "in_domain"
    return Section(name=name, prompts=tuple(prompts), **{"kind": kind, **grid})


def suite_of(*sections: Section, **head: Any) -> Suite:
    """A suite of these sections, or of one with three prompts."""
    return Suite(**{"name": "tiny", "title": "Tiny", "sections": sections or (section_of(prompts_of(3)),), **head})


def plain(request: Request) -> str:
    """What the scripted baseline answers."""
    return f"Plainly: {request.messages[-1].content}"


def rich(request: Request) -> str:
    """What the scripted contender answers: longer."""
    return f"At some length, and with care: {request.messages[-1].content}"


def longer(shown: Presentation) -> Verdict:
    """Prefers the longer text; honest, whatever the order."""
    if len(shown.a) == len(shown.b):
        return Verdict(label="tie")
    return Verdict(label="A" if len(shown.a) > len(shown.b) else "B")


def first(shown: Presentation) -> Verdict:
    """Prefers what it sees first."""
    return Verdict(label="A")


@dataclass
class Priced:
    """A cent a token, in or out; a call costs a dollar at most. Nobody knows the price of the model called `unknown`."""

    most: float = 1.0

    def cost(self, model: Model, usage: Usage, *, factor: float = 1.0) -> float | None:
        if model.name == "unknown" or usage.input_tokens is None or usage.output_tokens is None:
            return None
        return factor * (usage.input_tokens + usage.output_tokens) / 100

    def worst(self, model: Model, request: Request) -> float | None:
        return None if model.name == "unknown" else self.most

    def unknown(self, model: Model) -> str:
        return "nobody knows" if model.name == "unknown" else ""


@dataclass
class Asked:
    """Remembers every call of every scripted plugin, by its name."""

    requests: dict[str, list[Request]] = field(default_factory=dict)
    shown: dict[str, list[Presentation]] = field(default_factory=dict)

    @property
    def n_requests(self) -> int:
        """Completions asked for."""
        return sum(len(each) for each in self.requests.values())

    @property
    def n_shown(self) -> int:
        """Verdicts asked for."""
        return sum(len(each) for each in self.shown.values())

    def forget(self) -> None:
        """Begin anew."""
        for each in (*self.requests.values(), *self.shown.values()):
            each.clear()

    def model(self, name: str, answer: Callable[[Request], Any]) -> type:
        """A model class whose calls are remembered before they are answered."""
        asked = self.requests.setdefault(name, [])

        def remembered(request: Request) -> Any:
            asked.append(request)
            return answer(request)

        return model_class(name, remembered)

    def judge(self, name: str, decide: Callable[[Presentation], Any]) -> type:
        """A judge class whose calls are remembered before they are answered."""
        asked = self.shown.setdefault(name, [])

        def remembered(shown: Presentation) -> Any:
            asked.append(shown)
            return decide(shown)

        return judge_class(name, remembered)


def catalog_with(
    asked: Asked,
    *,
    models: Mapping[str, Callable[[Request], Any]] | None = None,
    judges: Mapping[str, Callable[[Presentation], Any]] | None = None,
    classes: Mapping[str, tuple[type, ...]] | None = None,
) -> Catalog:
    """Only these plugins, none of the installed: `plain` and `rich`, `longer` and `first` unless others are given."""
    extra = dict(classes or {})
    model_classes = tuple(asked.model(*each) for each in {"plain": plain, "rich": rich, **(models or {})}.items())
    judge_classes = tuple(asked.judge(*each) for each in {"longer": longer, "first": first, **(judges or {})}.items())
    plugin = plugin_of(
        models=(*model_classes, *extra.get("models", ())), judges=(*judge_classes, *extra.get("judges", ()))
    )
    return Catalog(make_manager([plugin], discover=False))


def config_of(**changes: Any) -> RunConfig:
    """`rich` against `plain`, judged by `longer`, and what is changed of that."""
    return RunConfig.model_validate(
        {"baseline": "plain", "contenders": {"rich": "rich"}, "judges": ["longer"], **changes}
    )


def plan_of(suite: Suite | None = None, catalog: Catalog | None = None, *, replicate: int = 0, **changes: Any) -> Plan:
    """The plan of a small experiment."""
    return make_plan(suite or suite_of(), config_of(**changes), catalog or catalog_with(Asked()), replicate=replicate)


def run_once(plan: Plan, folder: Path, **settings: Any) -> Outcome:
    """Run `plan` in `folder` with a ledger opened for it alone, as a command does; no call is tried twice."""
    with Ledger(folder) as ledger:
        return run(plan, ledger, Settings(**{"attempts": 1, **settings}), folder=folder)


def links(folder: Path) -> list[tuple[Any, ...]]:
    """Every judging that has a record: judge, comparison, order, repeat, label, why it failed."""
    with Ledger(folder) as ledger:
        return ledger.select(
            "SELECT j.judge, j.comparison, j.labels, j.repeat, v.label, v.kind FROM judging j"
            " JOIN verdict v ON v.number = j.verdict ORDER BY 1, 2, 3, 4"
        )
