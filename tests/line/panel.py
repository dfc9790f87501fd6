"""One experiment: two writers and three judges, one a lab, each with a policy of its own; over a server or called directly."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conftest import judge_class

from brie_bench import Completion, Failed, Label, Order, Presentation, Verdict, testing
from brie_bench.blind import present
from brie_bench.engine.ledger import Ledger
from brie_bench.spec.comparison import Comparison
from brie_bench.spec.suite import Item

LIBRARIES = ("anthropic", "openai", "google.genai")
LABS = ("anthropic", "openai", "google")
URLS = {"anthropic": "ANTHROPIC_BASE_URL", "openai": "OPENAI_BASE_URL", "google": "GOOGLE_GEMINI_BASE_URL"}
KEYS = {
    "anthropic": ("ANTHROPIC_API_KEY", "sk-ant-planted-0123456789"),
    "openai": ("OPENAI_API_KEY", "sk-proj-planted-0123456789"),
    "google": ("GEMINI_API_KEY", "AIza-planted-0123456789"),
}
"""Lab to its variable and the key in it."""

JUDGES: dict[str, testing.Judging] = {
    "anthropic": testing.refusing(0.1),
    "openai": testing.position_biased(share=0.6),
    "google": testing.noisy(0.5, measure=testing.characters),
}
"""The judges disagree, so that every figure of a leaderboard has something to say."""
WRITERS: dict[str, testing.Policy] = {
    "rich": testing.prose(200, seed=1),
    "plain": testing.prose(200, vocabulary=30),
}
"""Both run into a limit of 256 tokens."""

ALIKE = dict.fromkeys(LABS, "text")
MIXED = {"anthropic": "schema", "openai": "choice", "google": "choice"}


def policy(
    writers: Mapping[str, testing.Policy] = WRITERS, judges: Mapping[str, testing.Judging] = JUDGES
) -> testing.Policy:
    """What a server's models answer: each writer and each judge by its name."""
    return testing.by_model({**writers, **{f"judge-{lab}": each for lab, each in judges.items()}})


def judge_over(lab: str, way: str = "text", name: str = "", **options: Any) -> dict[str, Any]:
    """The lab's judge, which answers in one of the three ways; its model may have options."""
    model = {"name": f"{lab}/judge-{lab}", "options": options}
    return {"name": name or lab, "judge": {"name": "rubric", "options": {"model": model, "answer": way}}}


def over_a_server(ways: Mapping[str, str], **options: Any) -> dict[str, Any]:
    """The experiment's configuration; every model may have the same options."""
    return {
        "baseline": {"name": "plain", "model": {"name": "google/plain", "options": options}},
        "contenders": {"rich": {"name": "openai/rich", "options": options}},
        "judges": [judge_over(lab, way, **options) for lab, way in ways.items()],
    }


def called_directly(labs: Mapping[str, Any]) -> dict[str, Any]:
    """The same with the plugins of `models` and `judges`."""
    return {
        "baseline": {"name": "plain", "model": "plain"},
        "contenders": {"rich": "rich"},
        "judges": [{"name": lab, "judge": f"policy-{lab}"} for lab in labs],
    }


def models(writers: Mapping[str, testing.Policy] = WRITERS) -> tuple[type, ...]:
    """The writers as plugins."""
    return tuple(testing.model_class(name, each) for name, each in writers.items())


def judges(policies: Mapping[str, testing.Judging] = JUDGES) -> tuple[type, ...]:
    """The judges' policies as plugins."""

    def plugin(lab: str, judging: testing.Judging) -> type:
        return judge_class(f"policy-{lab}", lambda shown: opinion(judging, shown))

    return tuple(plugin(lab, each) for lab, each in policies.items())


def opinion(judging: testing.Judging, shown: Presentation) -> Verdict:
    """A policy's opinion as a verdict, with its probabilities."""
    found = judging.opinion(shown)
    if found is None:
        raise Failed("refused", "the judge refused to answer")
    scores: dict[Label, dict[str, int]] = {
        Label.A: dict.fromkeys(shown.criteria, found.score("A")),
        Label.B: dict.fromkeys(shown.criteria, found.score("B")),
    }
    chances = {Label(side): chance for side, chance in found.probabilities.items()}
    return Verdict(label=Label(found.label), scores=scores, probabilities=chances)


def write(config: Mapping[str, Any], path: str = "config.yaml") -> str:
    """The configuration as a file; its path."""
    Path(path).write_text(json.dumps(config))
    return path


def board(runs: str | Path) -> dict[str, Any]:
    """The one leaderboard in a working folder."""
    (path,) = Path(runs).glob("*/leaderboard.json")
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def labels(runs: str | Path) -> dict[tuple[str, int, str], tuple[str | None, str | None]]:
    """From judge, comparison and order to the label, or to the kind of failure."""
    with Ledger(Path(runs), create=False) as ledger:
        rows = ledger.select(
            "SELECT j.judge, j.comparison, j.labels, v.label, v.kind FROM judging j JOIN verdict v ON v.number = j.verdict"
        )
    return {(judge, comparison, order): (label, kind) for judge, comparison, order, label, kind in rows}


def shown(runs: str | Path) -> dict[tuple[int, str], Presentation]:
    """From comparison and order to what a judge sees of it, made of what is recorded."""
    found = {}
    with Ledger(Path(runs), create=False) as ledger:
        (run,) = ledger.runs()
        criteria = tuple(json.loads(run.record)["criteria"])
        for row in ledger.comparisons(run.number):
            contender, baseline = ledger.completion(row.contender_key), ledger.completion(row.baseline_key)
            assert isinstance(contender, Completion)
            assert isinstance(baseline, Completion)
            item = Item.model_validate_json(ledger.item_record(run.number, row.item))
            pair = Comparison(item=item, contender=contender, baseline=baseline, criteria=criteria)
            found.update({(row.number, str(order)): present(pair, order) for order in Order})
    return found
