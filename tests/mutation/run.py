"""Mutation testing: `run.py [MODULE TESTS…]`; where nothing is named, the modules that read what a judge says.

Changes MODULE in one place at a time and runs TESTS, in copies of the project, never in the project itself. Prints the
mutants that no test notices and exits 1 if there are any, but for those that `equivalent.toml` lists with a reason.

    tests/mutation/run.py brie_bench/stats/intervals.py tests/stats
"""

from __future__ import annotations

import argparse
import ast
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cosmic_ray.plugins
from cosmic_ray.commands import init
from cosmic_ray.mutating import mutate_and_test
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import MutationSpec, TestOutcome
from patterns import OPERATORS

ROOT = Path(__file__).resolve().parents[2]
NEEDED = ("brie_bench", "plugins", "tests", "samples", "schemas", "suites", "pyproject.toml")
EQUIVALENT = Path(__file__).with_name("equivalent.toml")
USUAL = [("brie_bench/blind.py", ["tests/test_blind.py"]), ("brie_bench/grammar.py", ["tests/test_grammar.py"])]
LONGEST = 120.0
"""Seconds after which a mutant that does not come back is killed."""


@dataclass(frozen=True)
class Mutant:
    """A change that was tried: the lines it took out and put in, and whether a test noticed."""

    operator: str
    before: str
    after: str
    survived: bool

    def __str__(self) -> str:
        return f"{self.operator}\n  - {self.before}\n  + {self.after}"


def main() -> int:
    """0 when every mutant is killed or known to be equivalent, else 1."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("module", nargs="?", help="the module to change, relative to the project")
    parser.add_argument("tests", nargs="*", help="the tests to run, relative to the project")
    parser.add_argument("--at-most", type=int, metavar="N", help="try only N mutants, spread evenly over the module")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many to try at a time")
    chosen = parser.parse_args()
    if chosen.module and not chosen.tests:
        parser.error(f"name the tests of {chosen.module} too")
    cosmic_ray.plugins.OPERATOR_PROVIDERS["pattern"] = OPERATORS
    status = 0
    for module, tests in [(chosen.module, chosen.tests)] if chosen.module else USUAL:
        with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
            found = list(tried(Path(folder), module, tests, chosen.jobs, chosen.at_most))
            status |= report(module, found, whole=chosen.at_most is None)
            os.chdir(ROOT)
    return status


def tried(folder: Path, module: str, tests: list[str], jobs: int, at_most: int | None) -> Iterator[Mutant]:
    """The mutants of `module`, each tried in one of `jobs` copies of the project."""
    copies = [copied(folder / str(number)) for number in range(jobs)]
    check(copies[0], tests)
    specs = mutations(copies[0], module)
    if at_most is not None and at_most < len(specs):
        specs = [specs[number * len(specs) // at_most] for number in range(at_most)]
    sys.stderr.write(f"{len(specs)} mutants of {module}, {jobs} at a time\n")
    with ProcessPoolExecutor(jobs) as pool:
        shares = [pool.submit(_share, copies[number], tests, specs[number::jobs]) for number in range(jobs)]
        for share in shares:
            yield from share.result()


def copied(folder: Path) -> Path:
    """A copy of what the tests need."""
    folder.mkdir()
    for name in NEEDED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, folder / name)
    return folder


def environment(copy: Path) -> dict[str, str]:
    """The environment in which `copy` is what is imported, not the project."""
    return {**os.environ, "PYTHONPATH": f"{copy}{os.pathsep}{copy / 'plugins'}", "PYTHONDONTWRITEBYTECODE": "1"}


def command(tests: list[str]) -> str:
    """Run the tests, the same examples each time, and stop at the first that fails."""
    return shlex.join([sys.executable, "-m", "pytest", "-x", "-q", "--hypothesis-seed=0", *tests])


def check(copy: Path, tests: list[str]) -> None:
    """End unless the copy is what the tests test, and they pass on it as it is."""
    where = [sys.executable, "-c", "import brie_bench; print(brie_bench.__file__)"]
    found = subprocess.run(where, cwd=copy, env=environment(copy), capture_output=True, text=True, check=True).stdout
    if not Path(found.strip()).is_relative_to(copy):
        raise SystemExit(f"the tests would test {found.strip()}, not the copy in {copy}")
    passed = subprocess.run(
        shlex.split(command(tests)), cwd=copy, env=environment(copy), capture_output=True, text=True
    )
    if passed.returncode:
        raise SystemExit(f"the tests fail without any mutant:\n{passed.stdout[-3000:]}{passed.stderr[-3000:]}")


def mutations(copy: Path, module: str) -> list[MutationSpec]:
    """Every mutation but those of annotations, which nothing evaluates."""
    os.chdir(copy)
    with use_db("mutants.sqlite", WorkDB.Mode.create) as db:
        init([Path(module)], db, {})
        found = [item.mutations[0] for item in db.work_items]
    spans = list(annotations(Path(module)))
    return [spec for spec in found if not any(low <= spec.start_pos and spec.end_pos <= high for low, high in spans)]


def annotations(module: Path) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Where the annotations of the functions are."""
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        found = node.annotation if isinstance(node, ast.arg) else getattr(node, "returns", None)
        if isinstance(found, ast.expr) and found.end_lineno is not None and found.end_col_offset is not None:
            yield (found.lineno, found.col_offset), (found.end_lineno, found.end_col_offset)


def _share(copy: Path, tests: list[str], specs: list[MutationSpec]) -> list[Mutant]:
    """Try some mutants, in `copy`."""
    cosmic_ray.plugins.OPERATOR_PROVIDERS["pattern"] = OPERATORS
    os.chdir(copy)
    os.environ.update(environment(copy))
    found = []
    for number, spec in enumerate(specs, 1):
        result = mutate_and_test([spec], command(tests), LONGEST)
        if result.test_outcome not in (TestOutcome.SURVIVED, TestOutcome.KILLED):
            raise RuntimeError(f"{spec} was not tried: {result.output}")
        lines = (result.diff or "").splitlines()
        before, after = (
            " ".join(line[1:].strip() for line in lines if line[:1] == sign and line[:3] != sign * 3).strip()
            for sign in "-+"
        )
        found.append(Mutant(spec.operator_name, before, after, result.test_outcome is TestOutcome.SURVIVED))
        if number % 20 == 0:
            sys.stderr.write(f"{number} of {len(specs)} tried in {copy.name}\n")
    return found


def report(module: str, mutants: list[Mutant], *, whole: bool) -> int:
    """Say which mutants survived and, of a `whole` module, which are listed as equivalent and are not."""
    listed = {
        (each["before"], each["after"])
        for each in tomllib.loads(EQUIVALENT.read_text("utf-8"))["equivalent"]
        if each["module"] == module
    }
    survivors = [mutant for mutant in mutants if mutant.survived]
    known = {(mutant.before, mutant.after) for mutant in survivors} & listed
    unknown = [mutant for mutant in survivors if (mutant.before, mutant.after) not in listed]
    for mutant in unknown:
        sys.stdout.write(f"survived: {mutant}\n")
    for before, after in sorted(listed - known) if whole else ():
        sys.stdout.write(f"listed as equivalent, but killed or gone:\n  - {before}\n  + {after}\n")
    sys.stdout.write(
        f"{module}: {len(mutants)} mutants, {len(mutants) - len(survivors)} killed,"
        f" {len(survivors) - len(unknown)} equivalent, {len(unknown)} survived\n"
    )
    return 1 if unknown or (whole and listed != known) else 0


if __name__ == "__main__":
    sys.exit(main())
