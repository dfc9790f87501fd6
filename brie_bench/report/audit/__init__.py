"""What is wrong with the records themselves: each finding with its count, where to look, and what to do."""

from __future__ import annotations

from collections.abc import Sequence

from brie_bench.engine.ledger import Ledger, RunRow
from brie_bench.report.audit.passes import pass_findings
from brie_bench.report.audit.sources import source_findings
from brie_bench.report.audit.texts import text_findings
from brie_bench.report.audit.training import training_findings
from brie_bench.report.audit.verdicts import verdict_findings
from brie_bench.report.words import escape
from brie_bench.spec.leaderboard import Finding


def audit_records(ledger: Ledger, runs: Sequence[RunRow]) -> list[Finding]:
    """Every finding about the records of `runs`; those about the numbers are made with the leaderboard."""
    found: list[Finding] = []
    for run in runs:
        found += [*source_findings(run), *training_findings(run)]
        found += [*verdict_findings(ledger, run), *pass_findings(ledger, run), *text_findings(ledger, run)]
    return found


def findings_text(findings: Sequence[Finding]) -> str:
    """Every finding with its examples, as markdown."""
    if not findings:
        return "No finding.\n"
    lines = []
    for each in findings:
        lines.append(f"- {each.severity} `{each.code}` ({each.count}): {escape(each.message, 1000)}")
        lines += [f"  - {escape(example)}" for example in each.examples]
    return "\n".join(lines) + "\n"
