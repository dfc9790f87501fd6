"""Is a run who it says it is? Its id and every digest are made again from what its record says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from brie_bench.report.publishing.differences import Fault
from brie_bench.spec.base import digest
from brie_bench.spec.published import PublishedRun


def identity_faults(run: PublishedRun) -> Iterator[Fault]:
    """Each fault: what, what belongs there, what stands there.

    Nothing vouches for the configurations of imported records: there are none.
    """
    try:
        yield from _faults(run)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        yield f"the run's record holds no {error}", None, None


def _faults(run: PublishedRun) -> Iterator[Fault]:
    record = run.record
    if record["run"] != run.run:
        yield "'run' in the run's record", run.run, record["run"]
    if run.per_pair is None:
        return
    for role, players in (
        ("baseline", [record["baseline"]]),
        ("contender", record["contenders"]),
        ("judge", record["judges"]),
    ):
        for player in players:
            made = digest(player["configuration"]) if "configuration" in player else player.get("digest")
            if made != player.get("digest"):
                yield f"digest of {role} '{player['name']}'", made, player.get("digest")
    made = run_id(record)
    if made != run.run:
        yield "run id, made of suite digest, contenders, judges and order", made, run.run
    per_pair = record["judge_repeats"] * (2 if record["order"] == "both" else 1)
    if per_pair != run.per_pair:
        yield "'per_pair'", per_pair, run.per_pair


def suite_faults(run: PublishedRun, prompts: set[str], n_items: int) -> Iterator[Fault]:
    """The same of the suite, by the prompts that its lines are about; an imported one's digest is made of them."""
    suite = run.record.get("suite", {})
    if run.per_pair is None and suite.get("digest") != (made := digest(sorted(prompts))):
        yield "digest of the suite", made, suite.get("digest")
    if run.record.get("limit") is None and run.record.get("parent") is None:
        for name, number in (("n_prompts", len(prompts)), ("n_items", n_items)):
            if suite.get(name) != number:
                yield f"'{name}' of the suite", number, suite.get(name)


def run_id(record: dict[str, Any]) -> str:
    """The id of a run with that record, as the plan makes it. Raises KeyError where the record lacks something."""
    judges = [[each["name"], each["configuration"]] for each in record["judges"]]
    order = [record["order"], record["judge_repeats"]]
    if record["parent"] is not None:
        base = digest([record["parent"], judges, *order])
    else:
        base = digest(
            {
                "suite": record["suite"]["digest"],
                "limit": record["limit"],
                "baseline": [record["baseline"]["name"], record["baseline"]["configuration"]],
                "contenders": [[each["name"], each["configuration"]] for each in record["contenders"]],
                "judges": judges,
                "order": order,
                "seed": record["seed"],
                "parent": None,
            }
        )
    return f"{record['suite']['name']}-{digest([base, record['replicate']])[:10]}"
