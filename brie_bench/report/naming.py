"""Several tables on one leaderboard: equal names mean equal things, and different things have different names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from brie_bench.report.table import Player, Table


def distinguish(tables: Sequence[Table]) -> list[Table]:
    """The same tables, in which equal names mean equal things.

    A contender, baseline or judge whose digest is not that of an earlier one with its name is called `name@run`. What an
    imported judge was is on no record: of two runs, it is never known to be the same. Imported contenders and baselines
    of two runs are the same where they come from the same files, or wrote the same on every prompt they share. A suite
    that differs from an earlier one with its name is called `name@digest`, and a section of another kind `name@run`.
    """
    sides, judges, suites = _Names(), _Names(), _Names()
    sections: dict[str, _Names] = defaultdict(_Names)
    recorded = _Recorded()
    found = []
    for table in tables:
        run, suite = table.runs[-1], table.suite
        named = sections[suite.digest]
        sides_named = [
            _named(sides, each, each.digest or recorded.identity(each.name, table), run)
            for each in (table.baseline, *table.contenders)
        ]
        found.append(
            replace(
                table,
                suite=suite.model_copy(update={"name": suites.of(suite.name, suite.digest, suite.digest[:8])}),
                baseline=sides_named[0],
                contenders=tuple(sides_named[1:]),
                judges=tuple(
                    _named(judges, each, each.digest or f"recorded in {table.runs}", run) for each in table.judges
                ),
                sections=tuple(replace(each, name=named.of(each.name, each.kind, run)) for each in table.sections),
            )
        )
    return found


def _named(names: _Names, player: Player, identity: str, run: str) -> Player:
    name = names.of(player.name, identity, run)
    return player if name == player.name else replace(player, name=name)


class _Names:
    """One name for one thing: the later of two things with one name gets a suffix."""

    def __init__(self) -> None:
        self.identity: dict[str, str] = {}

    def of(self, name: str, identity: str, suffix: str) -> str:
        """What to call the thing of that identity."""
        for candidate in (name, *(each for each in self.identity if each.startswith(f"{name}@")), f"{name}@{suffix}"):
            if self.identity.setdefault(candidate, identity) == identity:
                return candidate
        return self.of(f"{name}@{suffix}", identity, suffix)


@dataclass
class _Side:
    """An imported side: where it is known from, and what it wrote."""

    identity: str
    files: set[str]
    texts: dict[str, set[str]]


class _Recorded:
    """Tells which imported sides of one name are one."""

    def __init__(self) -> None:
        self.sides: dict[str, list[_Side]] = defaultdict(list)

    def identity(self, name: str, table: Table) -> str:
        """Equal for sides that are known to be the same; empty where nothing was imported."""
        if not (table.imported or table.records):
            return ""
        texts, files = table.texts.get(name, {}), {record.sha256 for record in table.records}
        for side in self.sides[name]:
            told = _wrote_the_same(texts, side.texts)
            if told or (told is None and files and (files <= side.files or files >= side.files)):
                side.files |= files
                for prompt, written in texts.items():
                    side.texts[prompt] = side.texts.get(prompt, set()) | written
                return side.identity
        identity = f"recorded in {table.runs}"
        self.sides[name].append(_Side(identity, files, {prompt: set(written) for prompt, written in texts.items()}))
        return identity


def _wrote_the_same(some: Mapping[str, set[str]], others: Mapping[str, set[str]]) -> bool | None:
    """Whether on every shared prompt a text is shared; None where no prompt is."""
    shared = some.keys() & others.keys()
    return all(some[prompt] & others[prompt] for prompt in shared) if shared else None
