"""Findings about a pass as a whole: who judged it, when, how often and under which labels."""

from __future__ import annotations

import datetime
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from brie_bench.engine.ledger import Ledger, RunRow
from brie_bench.errors import plain
from brie_bench.report.audit.verdicts import EXAMPLES
from brie_bench.report.reading import player_of
from brie_bench.report.words import count
from brie_bench.spec.leaderboard import Finding

FEWEST = 5
"""Fewer rows than this show no pattern."""
SAME = 0.9


@dataclass(frozen=True, slots=True)
class Row:
    """A judging, with what its record says."""

    contender: str
    labels: str
    shown: str | None
    name: str
    """The judge as recorded, without what keeps equal names of several files apart."""
    pair: str
    raw: str | None
    source: str | None
    line: int | None
    judged_at: str | None
    verdict: int
    """Equal in rows that one answer of the judge serves."""
    item: int


def pass_findings(ledger: Ledger, run: RunRow) -> Iterator[Finding]:
    """For imported records, all of them; for our own runs, those that can occur there."""
    yield from _identical(ledger, run)
    yield from _same_lab(run)
    if run.per_pair is not None:
        return
    recorded = {each["name"]: each.get("recorded", each["name"]) for each in json.loads(run.record)["judges"]}
    columns = "c.contender, j.labels, j.shown, j.judge, c.pair, v.raw_digest, v.source, v.line, v.at, v.number, c.item"
    query = (
        f"SELECT {columns} FROM judging j CROSS JOIN verdict v ON v.number = j.verdict"  # noqa: S608
        " JOIN comparison c ON c.run = j.run AND c.number = j.comparison WHERE j.run = ? ORDER BY v.source, v.line"
    )
    known: dict[Any, Any] = {}  # one text for equal ones: a large import would hold each many times
    rows = [
        Row(*(known.setdefault(each, each) for each in few), recorded.get(judge, judge), *rest)  # type: ignore[call-arg]
        for few, judge, rest in ((row[:3], row[3], row[4:]) for row in ledger.stream(query, run.number))
    ]
    by_source: dict[str, list[Row]] = {}
    for row in rows:
        by_source.setdefault(row.source or run.id, []).append(row)
    yield from _duplicates(by_source)
    yield from _labels(by_source)
    yield from _mixed(by_source)
    yield from _unverifiable(by_source)
    yield from _time_travel(ledger, run)


def _duplicates(by_source: dict[str, list[Row]]) -> Iterator[Finding]:
    """A pair more than once in one pass: by one judge, or by one of several judges that did not share all pairs."""
    for source, rows in by_source.items():
        mixed = _is_mixed(rows)
        # whoever judged every pair in both orders meant to
        both = _share_in_both_orders(rows) >= SAME
        times: dict[tuple[str | None, ...], list[Row]] = {}
        for row in rows:
            by = None if mixed else row.name
            times.setdefault((row.contender, row.pair, row.labels, by, row.shown if both else None), []).append(row)
        twice = [group for group in times.values() if _is_repeated(group)]
        if twice:
            n_pairs = len({(row.contender, row.pair) for group in twice for row in group})
            distinct = len({(row.contender, row.pair) for row in rows})
            yield Finding(
                code="duplicate-judgments",
                severity="warning",
                message=f"{count(n_pairs, 'pair')} of {plain(source, 120)} {_was(n_pairs)} judged more than once:"
                f" {count(len(rows), 'row')} are {count(distinct, 'pair')}. A pair counts once here, and again in rates and"
                " intervals over rows: read the win rate, not the rate by row.",
                count=n_pairs,
                examples=tuple(_place(group[1]) for group in twice[:EXAMPLES]),
            )


def _is_repeated(group: Sequence[Row]) -> bool:
    """Whether a pair is judged again; one answer that serves several conditions of a pair is no repetition."""
    return len({row.verdict for row in group}) > 1 or len({row.item for row in group}) < len(group)


def _share_in_both_orders(rows: Sequence[Row]) -> float:
    orders: dict[tuple[str, str, str], set[str | None]] = {}
    for row in rows:
        orders.setdefault((row.contender, row.pair, row.name), set()).add(row.shown)
    return sum(len(seen - {None}) > 1 for seen in orders.values()) / len(orders)


def _labels(by_source: dict[str, list[Row]]) -> Iterator[Finding]:
    for source, rows in by_source.items():
        written = [row for row in rows if row.raw is not None]
        if len(written) >= FEWEST and len({row.labels for row in written}) == 1:
            a, b = ("baseline", "contender") if written[0].labels == "baseline_first" else ("contender", "baseline")
            yield Finding(
                code="label-confounded",
                severity="warning",
                message=f"In all {len(written)} judgments of {plain(source, 120)} the {a} is called A and the {b} B: a judge's"
                f" liking for a letter cannot be told from a liking for the {b}. Judge again with labels that follow the slots.",
                count=len(written),
                examples=tuple(map(_place, written[:EXAMPLES])),
            )


def _is_mixed(rows: Sequence[Row]) -> bool:
    """Whether several judges did not judge the same pairs."""
    pairs: dict[str, set[tuple[str, str]]] = {}
    for row in rows:
        pairs.setdefault(row.name, set()).add((row.contender, row.pair))
    return any(len(a & b) < SAME * len(a | b) for a, b in combinations(pairs.values(), 2))


def _mixed(by_source: dict[str, list[Row]]) -> Iterator[Finding]:
    """Several judges in one pass that did not judge the same pairs."""
    for source, rows in by_source.items():
        if _is_mixed(rows):
            judged = Counter(row.name for row in rows)
            first = {row.name: row for row in reversed(rows)}
            told = ", ".join(f"{plain(name, 60)} {number}" for name, number in sorted(judged.items()))
            yield Finding(
                code="judge-mixed",
                severity="warning",
                message=f"{plain(source, 120)} is the work of several judges on different pairs ({told}): its overall rate is no"
                " judge's. Read the judges' own rows.",
                count=len(rows),
                examples=tuple(f"{plain(name, 60)}: {_place(first[name])}" for name in sorted(first)[:EXAMPLES]),
            )


_DATE = re.compile(r"(?<!\d)(20\d\d)-?([01]\d)-?([0-3]\d)(?!\d)")


def _unverifiable(by_source: dict[str, list[Row]]) -> Iterator[Finding]:
    """A judge that no record names, or whose record was copied from another pass."""
    for source, rows in by_source.items():
        nameless = [row for row in rows if row.name == "unknown"]
        if nameless:
            yield Finding(
                code="judge-unverifiable",
                severity="error",
                message=f"{count(len(nameless), 'judgment')} of {plain(source, 120)} {_have(len(nameless))} no judge on record."
                " Nobody can repeat them: judge the completions again by a judge that is named.",
                count=len(nameless),
                examples=tuple(map(_place, nameless[:EXAMPLES])),
            )
        copied = _copied_from(source, rows, by_source)
        if not copied:
            continue
        names = sorted({row.name for row in rows})
        vouched = all(_normal(name) in _normal(source) for name in names)
        judges = ", ".join(plain(name, 60) for name in names)
        yield Finding(
            code="judge-unverifiable",
            severity="warning" if vouched else "error",
            message=f"The {count(len(rows), 'record')} of {plain(source, 120)} carry times that are not theirs ({copied})"
            + (
                f"; the file's own name vouches for the judge ({judges}), not for when it judged. Do not rely on the times."
                if vouched
                else f", so the judge they name ({judges}) may be copied as well: nothing else says who judged. Treat the judge"
                " as unknown, or judge again."
            ),
            count=len(rows),
            examples=tuple(map(_place, rows[:EXAMPLES])),
        )


def _copied_from(source: str, rows: Sequence[Row], by_source: dict[str, list[Row]]) -> str:
    """How it can be told that the times of `rows` were copied, or nothing."""
    times = [row.judged_at for row in rows if row.judged_at]
    if len(times) < FEWEST:
        return ""
    dates = ["-".join(match) for match in _DATE.findall(source)]
    latest = max(times)[:10]
    if dates and max(dates) > latest and any(date <= latest for date in dates):
        return f"the file's name says {max(dates)}, its records {latest}"
    for other, others in by_source.items():
        if other >= source:
            continue
        written: dict[tuple[str, str | None], str | None] = {
            (row.pair, row.judged_at): row.raw for row in others if row.judged_at
        }
        same = [row for row in rows if written.get((row.pair, row.judged_at), row.raw) != row.raw]
        if len(same) >= SAME * len(times):
            return f"{plain(other, 120)} has the same times for other texts"
    return ""


def _time_travel(ledger: Ledger, run: RunRow) -> Iterator[Finding]:
    rows = ledger.select(
        "SELECT v.source || ':' || v.line, v.at, k.at FROM judging j CROSS JOIN verdict v ON v.number = j.verdict"
        " JOIN comparison c ON c.run = j.run AND c.number = j.comparison"
        " JOIN completion k ON k.key IN (c.contender_key, c.baseline_key)"
        " WHERE j.run = ? AND v.at != '' AND k.at != '' ORDER BY v.source, v.line",
        run.number,
    )
    early = list(dict.fromkeys(place for place, judged, completed in rows if _before(judged, completed)))
    if early:
        yield Finding(
            code="time-travel",
            severity="error",
            message=f"{count(len(early), 'judgment')} {_was(len(early))} made before the completion they judge, by their own"
            " records: times, texts or both are not what they say. Go back to the original files.",
            count=len(early),
            examples=tuple(plain(place, 160) for place in early[:EXAMPLES]),
        )


def _before(one: str, other: str) -> bool:
    """Whether one recorded time is before another; a time without a zone is taken for UTC."""
    try:
        times = [datetime.datetime.fromisoformat(text) for text in (one, other)]
    except ValueError:
        return False
    first, second = (time if time.tzinfo else time.replace(tzinfo=datetime.UTC) for time in times)
    return first < second


LOOKED_AT = 2_000
"""About so many judgings are enough to tell whether two judges write the same words."""
TELLING = 80
"""Characters; a shorter answer, such as a bare verdict, is the same for any two judges that agree."""


def _identical(ledger: Ledger, run: RunRow) -> Iterator[Finding]:
    """Two judges that wrote the same words, or are the same configuration under two names."""
    judges = json.loads(run.record)["judges"]
    twins = {
        (a["name"], b["name"]) for a, b in combinations(judges, 2) if a.get("digest") and a["digest"] == b.get("digest")
    }
    for a, b in sorted(twins):
        yield Finding(
            code="identical-judges",
            severity="error",
            message=f"{plain(a)} and {plain(b)} are one judge under two names: their agreement says nothing, and the panel counts"
            " it twice. Remove one.",
        )
    if len(judges) < 2:
        return
    said: dict[str, dict[tuple[int, str, int], str]] = {judge["name"]: {} for judge in judges}
    for judge, comparison, labels, repeat, words in _words(ledger, run, len(judges)):
        said[judge][comparison, labels, repeat] = words
    for a, b in combinations(said, 2):
        shared = said[a].keys() & said[b].keys()
        same = [place for place in shared if said[a][place] == said[b][place]]
        if (a, b) not in twins and len(shared) >= FEWEST and len(same) > len(shared) / 2:
            yield Finding(
                code="identical-judges",
                severity="error",
                message=f"{plain(a)} and {plain(b)} wrote the same words in {len(same)} of {len(shared)} shared judgments: they"
                " are one judge, or one was copied. Count one of them.",
                count=len(same),
                examples=_prompts(ledger, run, [comparison for comparison, _, _ in same]),
            )


def _prompts(ledger: Ledger, run: RunRow, comparisons: Sequence[int]) -> tuple[str, ...]:
    """The ids of a few of the prompts of these comparisons."""
    rows = ledger.select(
        "SELECT DISTINCT json_extract(i.record, '$.prompt.id') FROM comparison c JOIN item i ON i.run = c.run"
        " AND i.number = c.item WHERE c.run = ? AND c.number IN (SELECT value FROM json_each(?)) ORDER BY 1 LIMIT ?",
        run.number,
        json.dumps(comparisons),
        EXAMPLES,
    )
    return tuple(plain(prompt, 160) for (prompt,) in rows)


def _words(ledger: Ledger, run: RunRow, n_judges: int) -> Iterator[tuple[str, int, str, int, str]]:
    """Judge, comparison, labels, repeat and the digest of what was written, where it is long enough to tell; of a large
    run, of every so many comparisons."""
    # odd, so as not to meet the same contender always
    step = ledger.n_comparisons(run.number) * n_judges // LOOKED_AT | 1
    yield from ledger.stream(
        "SELECT j.judge, j.comparison, j.labels, j.repeat, v.raw_digest FROM judging j"
        " CROSS JOIN verdict v ON v.number = j.verdict JOIN prose p ON p.verdict = v.number"
        " WHERE j.run = ? AND j.comparison % ? = 0 AND v.raw_digest IS NOT NULL"
        " AND length(json_extract(p.record, '$.raw')) >= ?",
        run.number,
        step,
        TELLING,
    )


def _same_lab(run: RunRow) -> Iterator[Finding]:
    """A judge whose lab made a contender."""
    record = json.loads(run.record)
    sides = {side["name"]: player_of(side).lab for side in (record["baseline"], *record["contenders"])}
    for judge in record["judges"]:
        lab = player_of(judge).lab
        kin = [plain(name) for name, other in sides.items() if lab and other == lab]
        if kin:
            yield Finding(
                code="same-lab",
                severity="note",
                message=f"{plain(judge['name'])} is of the lab that made {', '.join(kin)} ({lab}): judges tend to"
                " prefer their own. Have judges of other labs on the panel, and look at their rows.",
            )


def _normal(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _place(row: Row) -> str:
    return plain(f"{row.source}:{row.line}", 160)


def _was(number: int) -> str:
    return "was" if number == 1 else "were"


def _have(number: int) -> str:
    return "has" if number == 1 else "have"
