"""Published files back into a ledger, from which tables, findings and leaderboard are made as from any other."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from brie_bench.engine.ledger import Ledger, RunRow
from brie_bench.errors import SpecError
from brie_bench.report.publishing.differences import Difference, Fault
from brie_bench.report.publishing.identity import identity_faults, suite_faults
from brie_bench.report.publishing.lines import read_lines
from brie_bench.report.publishing.placing import Known, Placing
from brie_bench.spec.base import canonical_json
from brie_bench.spec.published import PublishedRun


class Restoring:
    """Runs out of published files into `ledger`; `differences` gathers whatever is wrong with them.

    What two lines of a file say of one verdict, completion, comparison or item must be the same.
    """

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.known = Known()
        self.differences: list[Difference] = []
        self.n_judgments = 0

    def restore(self, run: PublishedRun, path: Path, *, where: str, header: str) -> RunRow:
        """The run whose lines are in `path`. `where` names that file for people, `header` the one that holds `run`."""
        self._told(header, identity_faults(run))
        with self.ledger.transaction():
            row = self.ledger.put_run(
                id=run.run, base="", replicate=0, parent=None, per_pair=run.per_pair, record=canonical_json(run.record)
            )
            placing = Placing(self.ledger, run, row, self.known)
            number, whole = self._lines(placing, path, where)
        self.n_judgments += number
        if whole:
            self._told(header, suite_faults(run, placing.prompts, placing.n_items))
            if number != run.n_lines:
                self._told(where, [("number of lines", run.n_lines, number)])
        return row

    def _lines(self, placing: Placing, path: Path, where: str) -> tuple[int, bool]:
        """How many lines there are, and whether all could be read: else nothing can be said of the whole."""
        number, whole = 0, True
        try:
            for number, judgment, fault in read_lines(path):
                if fault is not None:
                    self._told(f"{where}:{number}", [fault])
                if judgment is not None:
                    self._told(f"{where}:{number}", placing.place(judgment))
                whole = whole and judgment is not None
        except SpecError as error:
            self._told(where, [(error.what.rstrip("."), None, None)])
            whole = False
        return number, whole

    def _told(self, where: str, faults: Iterable[Fault]) -> None:
        self.differences += [Difference(where, *fault) for fault in faults]
